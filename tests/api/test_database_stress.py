"""Stress and contagion from Python: the commands' own tables, summed against the book."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas
import pytest

import analyzer
from analyzer.api.cascade_frames import Followed, Stressed
from analyzer.api.database import Database
from analyzer.documents.encode import to_json
from analyzer.model.errors import InputError
from analyzer.runs.stress.contagion import ContagionOptions, ContagionOutcome, contagion
from analyzer.runs.stress.stress import StressOptions

SHOCK = "ETH=-15%,BTC=-10%"
BACKSTOPS = ("insurance_fund", "fee_receiver")


@pytest.fixture(autouse=True)
def installed() -> None:
    """The protocols that are installed: none is the bank of the tests around."""


@pytest.fixture(scope="module")
def db(demo_snapshot: Path) -> Iterator[Database]:
    with analyzer.open(demo_snapshot) as opened:
        yield opened


@pytest.fixture(scope="module")
def followed(db: Database) -> Followed:
    return db.contagion(shock=SHOCK)


@pytest.fixture(scope="module")
def stressed(db: Database) -> Stressed:
    return db.stress(scenarios="beta_eth_30", shocks=[SHOCK])


@pytest.fixture(scope="module")
def written(
    demo_snapshot: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, ContagionOutcome]:
    """(a snapshot with the cascade that the command wrote, what the command said)."""
    out = tmp_path_factory.mktemp("written") / "out.duckdb"
    asked = StressOptions(db=demo_snapshot, shocks=(SHOCK,), out=out, fail_on="never")
    return out, contagion(ContagionOptions(asked, what_if=0), lambda *_: None)


@pytest.fixture(scope="module")
def with_a_pool(db: Database, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The cascade with a depth file that names a pool, which nobody reads."""
    depth = tmp_path_factory.mktemp("depth") / "depth.toml"
    pool, asset = "0x" + "11" * 20, "0x" + "22" * 20
    depth.write_text(f"[ETH]\nkind = 'uniswap-v3'\npool = '{pool}'\nasset = '{asset}'\n")
    return db.contagion(shock=SHOCK, depth=depth)


def test_a_cascade_is_to_the_last_row_what_the_command_writes(
    followed: Followed, written: tuple[Path, ContagionOutcome]
) -> None:
    out, outcome = written
    tables = {
        "stress_results": followed.results, "cascade_rounds": followed.rounds,
        "contagion_edges": followed.edges, "contagion_paths": followed.paths,
        "contagion_victims": followed.victims,
    }  # fmt: skip
    with analyzer.open(out) as file:
        for name, ask in tables.items():
            stored, came = file.table(name, money="int"), ask(money="int")
            stored = stored[stored["cascade_id"] == outcome.assessed.cascade_id]
            assert list(stored.columns) == list(came.columns)
            assert len(came) > 0
            # A file gives its rows by key, a cascade as they happened.
            assert sorted(map(repr, stored.to_numpy().tolist())) == sorted(
                map(repr, came.to_numpy().tolist())
            )
    assert followed.findings == tuple(outcome.findings)
    assert to_json(followed.document)["findings"] == to_json(outcome.document)["findings"]


def test_the_bad_debt_before_is_that_of_the_accounts_to_the_wei(
    db: Database, stressed: Stressed
) -> None:
    margin = db.accounts(money="int").set_index(["deployment", "account_id"])
    kinds = db.table("accounts").set_index(["deployment", "account_id"])["kind"]
    people = margin[~kinds.reindex(margin.index).isin(BACKSTOPS)]
    owed = {
        name: -sum(min(equity, 0) for equity in group["equity_e18"])
        for name, group in people.groupby("deployment")
    }
    for row in stressed.results(money="int").to_dict("records"):
        assert row["bad_debt_before_e18"] == owed[row["deployment"]] > 0


def test_what_failed_accounts_lack_is_what_others_bear(followed: Followed) -> None:
    absorbed = followed.absorbed(money="int")
    assert not absorbed["failed"].any()
    charged = followed.results(money="int")["charged_e18"].sum()
    unsettled = absorbed["node"].str.startswith("unsettled:")
    assert charged == absorbed[~unsettled]["loss_e18"].sum() > 0
    deficits = [edge for edge in followed.assessed.result.edges if edge.channel == "deficit"]
    assert absorbed["loss_e18"].sum() == sum(edge.amount_e18 for edge in deficits)


def test_every_victim_closes_in_every_kind_of_money(followed: Followed) -> None:
    ints, decimals = followed.victims(money="int"), followed.victims()
    parts = ints["listed_e18"] + ints["rest_e18"] + ints["offset_e18"]
    assert (parts == ints["loss_e18"]).all()
    assert [Decimal(n).scaleb(-18) for n in ints["loss_e18"]] == list(decimals["loss"])
    assert list(followed.victims(money="float")["loss_float"]) == [
        n / 10**18 for n in ints["loss_e18"]
    ]


def test_stress_and_contagion_agree_on_the_same_shock(
    stressed: Stressed, followed: Followed
) -> None:
    both = stressed.results(money="int")
    assert sorted(set(both["scenario"])) == ["ETH -15 %, BTC -10 %", "beta_eth_30"]
    same = both[both["scenario"] == "ETH -15 %, BTC -10 %"].reset_index(drop=True)
    columns = ["deployment", "cascade_id", "bad_debt_static_e18", "bad_debt_after_e18"]
    assert same[columns].equals(followed.results(money="int")[columns])
    assert len(stressed.runs()) == len(both) == len(to_json(stressed.document)["scenarios"]) * 2


def test_the_range_over_orders_is_there_when_it_is_asked_for(db: Database) -> None:
    asked = {"shock": "ETH=-10%", "deployments": "aave-v3-devnet-7"}
    without = to_json(db.contagion(**asked).document)
    found = to_json(db.contagion(**asked, order_range="always").document)
    assert without["scenario"]["order_range"] is None
    ran = found["scenario"]["order_range"]["ran"]
    assert [one["order"] for one in ran] == ["batch", "sequential", "sequential-reversed"]
    with pytest.raises(InputError, match="'sometimes' is no range"):
        db.stress(shocks="ETH=-10%", order_range="sometimes")


def test_the_wrong_question_is_one_line_and_the_file_stays_as_it_is(db: Database) -> None:
    before = db.path.read_bytes()
    with pytest.raises(InputError, match="one scenario"):
        db.contagion()
    with pytest.raises(InputError, match="one scenario"):
        db.contagion(shock="ETH=-30%", scenario="eth_30")
    with pytest.raises(InputError, match="nothing_like_it"):
        db.stress(scenarios="nothing_like_it")
    with pytest.raises(InputError, match="mars"):
        db.contagion(shock="ETH=-30%", deployments="mars")
    assert db.path.read_bytes() == before


def test_many_scenarios_come_as_frames_and_the_worst_exactly(db: Database, tmp_path: Path) -> None:
    moves = pandas.DataFrame({"name": ["none", "half"], "ETH": [0.0, -0.5]})
    swept = db.sweep(moves, exact=1)
    rows = swept.scenarios()
    assert list(rows["name"]) == ["none", "half"]
    assert rows["bad_debt_usd"][1] > rows["bad_debt_usd"][0] > 0
    assert list(swept.exact()["scenario"]) == ["no shock", "half"]
    after = swept.results(money="int")["bad_debt_after_e18"].sum()
    assert swept.exact()["exact_bad_debt_e18"][1] == after
    assert swept.quantiles()["bad_debt_usd"].iloc[-1] == rows["bad_debt_usd"].max()
    path = tmp_path / "moves.csv"
    moves.to_csv(path, index=False)
    again = db.sweep(path, exact=0)
    assert again.scenarios()["bad_debt_usd"].equals(rows["bad_debt_usd"])
    moves.columns = pandas.Index(["ETH", "ETH"])
    with pytest.raises(InputError, match="two columns of one name"):
        db.sweep(moves)
    with pytest.raises(InputError, match="one of both"):
        db.sweep()


def test_a_pool_that_nobody_read_is_an_unknown_depth(with_a_pool: Followed) -> None:
    assert to_json(with_a_pool.document)["run"]["exit_code"] == 3
    assert "not read" in str(to_json(with_a_pool.document)["scenario"])


def test_money_of_no_known_kind_is_refused(followed: Followed) -> None:
    with pytest.raises(InputError, match="none of decimal, int, float"):
        followed.results(money="double")  # type: ignore[arg-type]
