"""Words: what happened on a path, in the order in which it happened."""

from __future__ import annotations

from fractions import Fraction

import pytest
from linear_house import E18
from transmissions import FUND, R15_UNIT, A, B, C, D, r15_edges, run_r15

from analyzer.contagion.tell.sentences import (
    Facts,
    change_text,
    facts_of,
    firewall_sentence,
    money_text,
    names_of_unsettled,
    node_text,
    path_sentence,
)
from analyzer.contagion.trace.edges import (
    PAST,
    SHOCK,
    Channel,
    Edge,
    account_node,
    fund_node,
    move_node,
    offset_edge,
    receipt_node,
    unsettled_node,
    venue_node,
)
from analyzer.contagion.trace.firewall import Firewall, cheapest_firewall
from analyzer.contagion.trace.paths import Limits, Path, Step, top_paths

ALL = Limits(paths=99, paths_each=99, victims=99)
NAMES = {A: "A", B: "B", C: "C", D: "D"}
R15 = Facts(
    sales_e18={
        move_node("X", 1): {A: 10_000 * E18},
        move_node("X", 2): {B: 20_000 * E18},
        move_node("X", 3): {C: 30_000 * E18},
    },
    prices={
        ("X", 1): (Fraction(92, 100), Fraction(89, 100)),
        ("X", 2): (Fraction(89, 100), Fraction(83, 100)),
    },
    closed={A: 1, B: 2, C: 3},
    names=NAMES,
)


def r15_words(victim: str, facts: Facts = R15) -> list[str]:
    cascade = r15_edges()
    result = top_paths(cascade.edges, cascade.losses, cascade.failed, limits=ALL)
    of = {found.victim: found for found in result.victims}
    return [path_sentence(p, facts, of[victim]) for p in result.paths if p.victim == victim]


def test_the_paths_of_r15_in_words() -> None:
    # 11 units to one of R15, so that its elevenths are whole.
    assert R15_UNIT == 11 * E18
    assert r15_words(C) == [
        "26.4 k of the 56.1 k that C lost: the shock to X hit C.",
        "14.4 k of the 56.1 k that C lost: the shock to X hit B; B, liquidated for 20.0 k of X,"
        " moved X by -6.7 %, which put C under.",
        "9.9 k of the 56.1 k that C lost: the shock to X put A under; A, liquidated for 10.0 k of"
        " X, moved X by -3.3 %, which hit C.",
        "5.4 k of the 56.1 k that C lost: the shock to X put A under; A, liquidated for 10.0 k of"
        " X, moved X by -3.3 %, which put B under; B, liquidated for 20.0 k of X, moved X by"
        " -6.7 %, which put C under.",
    ]


def test_who_pays_in_words() -> None:
    assert r15_words(FUND)[0] == (
        "517.65 of the 1.1 k that insurance fund (perp) paid: the shock to X hit C; C could not"
        " pay all that it owed."
    )
    assert r15_words(D)[0] == (
        "1.8 k of the 3.9 k that D paid: the shock to X hit C; what C could not pay was cut from"
        " the profit of D."
    )


def test_a_cascade_tells_its_own_facts() -> None:
    result = run_r15()
    losses = {node: failure.loss_e18 for node, failure in result.failures.items()}
    found = top_paths(result.edges, losses, set(losses))
    longest = max(found.paths, key=lambda path: len(path.steps))
    names = {account_node("house", name): name for name in "ABC"}
    assert path_sentence(longest, facts_of(result, names)) == (
        "490.91 that C lost: the shock to X put A under; A, liquidated for 10.0 k of X, moved X by"
        " -3.3 %, which put B under; B, liquidated for 20.0 k of X, moved X by -6.7 %, which put C"
        " under."
    )


def test_without_facts_the_words_say_less() -> None:
    assert r15_words(C, Facts())[2] == (
        "9.9 k of the 56.1 k that account C (perp) lost: the shock to X hit account A (perp);"
        " account A moved X, which hit account C (perp)."
    )


def words_of(*steps: Step, facts: Facts = R15) -> str:
    return path_sentence(Path(steps, 7 * E18), facts)


def test_a_short_that_is_bought_back_lifts_the_price_and_others_help() -> None:
    facts = Facts(
        sales_e18={move_node("X", 1): {A: -5 * E18, C: -E18, D: 2 * E18}},
        prices={("X", 1): (Fraction(1), Fraction(5, 4))},
        closed={A: 1, B: 2},
        names=NAMES,
    )
    assert words_of(Step(1, A, Channel.PRICE, "X", B), facts=facts) == (
        "7 that B lost: A, whose short of 5 of X was bought back, moved X by +25.0 % together with"
        " 1 other, which put B under."
    )


def test_every_other_channel_has_words() -> None:
    token = "0x" + "ab" * 20
    fund, nobody = fund_node("aave", "suppliers"), unsettled_node("aave")
    assert words_of(
        Step(0, PAST, Channel.PAST, "", A),
        Step(1, A, Channel.DEFICIT, "", fund),
        Step(1, fund, Channel.RECEIPT, token, B),
    ) == (
        "7 that B lost: A was short before the shock; A could not pay all that it owed; the loss of"
        " suppliers (aave) lowered what 0xabab…abab is worth, which put B under."
    )
    assert words_of(Step(1, A, Channel.DEFICIT, "", nobody)) == (
        "7 that nobody has been charged with (aave): A could not pay all that it owed."
    )
    assert words_of(Step(2, A, Channel.ADL, "", C)) == (
        "7 that C lost: what A could not pay was cut from the profit of C, which put C under."
    )
    assert words_of(Step(2, fund, Channel.HAIRCUT, "", venue_node("perp"))) == (
        "7 that perp paid: suppliers (aave) shared its loss with perp."
    )
    assert words_of(Step(2, venue_node("aave"), Channel.CLAIM, "", venue_node("perp"))) == (
        "7 that perp paid: aave did not pay perp in full."
    )
    assert words_of(Step(0, SHOCK, Channel.EXOGENOUS, "X", fund)) == (
        "7 that suppliers (aave) paid: the shock to X cost suppliers (aave)."
    )


def test_a_firewall_in_words() -> None:
    found = cheapest_firewall(r15_edges().edges, [FUND, D])
    assert firewall_sentence(found, R15) == (
        "5.0 k of what others paid was left by accounts that other failures had reached, however"
        " little; bearing 5.0 k elsewhere would have cut every such way: what C could not pay and"
        " was cut from the profit of D (3.9 k); what C could not pay and insurance fund"
        " (perp) bore (1.1 k)."
    )
    assert "; 1 more (1.1 k)." in firewall_sentence(found, R15, most=1)
    assert firewall_sentence(Firewall((), 0, 0), R15).endswith("there is nothing to cut.")


def test_every_kind_of_cut_has_words() -> None:
    move, token = move_node("X", 1), receipt_node("aave", "T", 1)
    edges = (
        Edge(1, A, Channel.PRICE, "X", move, E18),
        Edge(1, move, Channel.PRICE, "X", B, E18),
        Edge(1, FUND, Channel.HAIRCUT, "T", token, E18),
        Edge(1, venue_node("aave"), Channel.CLAIM, "T", venue_node("perp"), E18),
    )
    assert firewall_sentence(Firewall(edges, 4 * E18, 9 * E18), R15) == (
        "9 of what others paid was left by accounts that other failures had reached, however"
        " little; bearing 4 elsewhere would have cut every such way: the closing of A as it goes"
        " into the move of X in round 1 (1);"
        " what the move of X in round 1 cost B (1); the loss of insurance fund (perp) as it goes"
        " into the repricing of T (aave) in round 1 (1); what came from aave to perp by T (1)."
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1, "<0.01"),
        (-1, ">-0.01"),
        (32 * E18 // 100, "0.32"),
        (450 * E18, "450"),
        (999_994 * E18 // 1000, "999.99"),
        (999_999 * E18 // 1000, "1.0 k"),
        (949 * E18, "949"),
        (950_000 * E18, "950.0 k"),
        (999_960 * E18, "1.0 M"),
        (-4_149_999 * E18, "-4.1 M"),
        (1_234_567_890_123 * E18, "1,234.6 B"),
    ],
)
def test_amounts_for_people(amount: int, text: str) -> None:
    assert money_text(amount) == text


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Fraction(-18, 1000), "-1.8 %"),
        (Fraction(25, 10_000), "+0.25 %"),
        (Fraction(0), "0 %"),
        (Fraction(-1, 10**6), "-<0.01 %"),
    ],
)
def test_changes_for_people(change: Fraction, text: str) -> None:
    assert change_text(change) == text


def test_nodes_for_people() -> None:
    assert node_text(account_node("aave", "0x" + "1f" * 20)) == "account 0x1f1f…1f1f (aave)"
    assert node_text(SHOCK) == "the shock"
    assert node_text(unsettled_node("aave")) == "nobody yet (aave)"
    assert node_text("others:dust") == "dust"
    with pytest.raises(ValueError, match="is no node"):
        node_text("0x12")


def test_a_path_is_told_as_a_part_of_what_was_lost_before_gains() -> None:
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 52 * E18),
        Edge(0, SHOCK, Channel.EXOGENOUS, "Z", A, 20 * E18),
        offset_edge(0, "Y", A, 26 * E18),
    ]
    result = top_paths(edges, {A: 46 * E18}, {A})
    (victim,) = result.victims
    assert path_sentence(result.paths[0], Facts(names={A: "A"}), victim) == (
        "52 of the 72 that A lost before gains of 26: the shock to X hit A."
    )


def test_who_will_bear_what_nobody_has_been_charged_with_is_said() -> None:
    node = unsettled_node("aave")
    names = names_of_unsettled({"aave": "suppliers of what each account owes", "other": ""})
    assert names == {node: "nobody yet (aave; in the end suppliers of what each account owes)"}
    assert node_text(node, names) == names[node]
    edges = [
        Edge(0, SHOCK, Channel.EXOGENOUS, "X", A, 7 * E18),
        Edge(1, A, Channel.DEFICIT, "", node, 7 * E18),
    ]
    result = top_paths(edges, {A: 7 * E18, node: 7 * E18}, {A})
    (path,) = [found for found in result.paths if found.victim == node]
    of = {victim.victim: victim for victim in result.victims}
    said = path_sentence(path, Facts(names={A: "A", **names}), of[node])
    assert said.startswith(
        "7 of the 7 that nobody has been charged with (aave; in the end suppliers of what each"
        " account owes): the shock to X"
    )
