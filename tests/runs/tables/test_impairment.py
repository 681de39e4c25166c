"""A token's lost backing on table books: two examples by hand, with feeds that hear and do not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from small_tables import Tables, run

E18 = 10**18
SOUTH = """\
account,kind,asset,amount
ann,collateral,rsETH,10
ann,debt,USDC,15500
bob,collateral,rsETH,5
bob,debt,USDC,1000
lee,collateral,USDC,30000
"""
NORTH = "account,kind,asset,amount\ncyd,collateral,rsETH,10\n"
RULES = '[default]\nthreshold = 0.8\nbonus = 0.05\n[losses]\nfund = 100\nrest = "suppliers"\n'


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Two books in one snapshot: `south` with two borrowers, `north` with a holder."""
    tables = Tables(tmp_path_factory.mktemp("impaired"))
    tables.write("prices.csv", "asset,price,decimals\nrsETH,2000,18\nUSDC,1,6\n")
    tables.write("rules.toml", RULES)
    tables.write("positions.csv", NORTH)
    assert tables.book("--name", "north").exit_code == 0
    (tables.folder / "north.duckdb").write_bytes(tables.db.read_bytes())
    tables.write("positions.csv", SOUTH)
    done = tables.book("--name", "south", "--with", str(tables.folder / "north.duckdb"))
    assert done.exit_code == 0, done.output
    return tables


def contagion(books: Tables, impairment: str, *words: str) -> Any:
    """What `contagion` says of an impairment: its document, or its text with `--format table`."""
    text = f'title = "t"\nsource = "s"\nimpairment = {{{impairment}}}\n'
    books.write("gone.toml", text)
    asked = ("--scenario", str(books.folder / "gone.toml"), "--what-if", "0")
    more = ("--order-range", "never", "--fail-on", "never", *(words or ("--json",)))
    return run("contagion", "--db", str(books.db), *asked, *more)


def parts(document: Any, rule: str) -> dict[tuple[str, str, str], int]:
    """(deployment, who, name) -> whole dollars under an allocation."""
    found = {}
    for part in document["impairment"]["parts"]:
        amount = int(part["amounts_e18"][rule])
        if amount:
            assert amount % E18 == 0
            found[part["deployment"], part["bears"], part["name"]] = amount // E18
    return found


def test_a_feed_that_does_not_hear_hides_the_bad_debt_and_four_rules_share_the_loss(
    books: Tables,
) -> None:
    done = contagion(books, 'asset = "RSETH", share = 0.5, where = "south"')
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    # Ann has 20,000 and owes 15,500, Bob 10,000 and 1,000. Half is gone in the south: Ann lacks
    # 5,500 in the market, and the protocol, at 2,000, closes nobody.
    results = {one["deployment"]: one for one in document["scenario"]["results"]}
    south = results["south"]
    assert (south["bad_debt_after_e18"], south["closed_accounts"]) == ("0", 0)
    assert south["bad_debt_after_market_e18"] == str(5_500 * E18)
    assert results["north"]["bad_debt_after_market_e18"] == "0"
    assert document["impairment"]["total_e18"] == str(15_000 * E18)
    held = ("south", "holders", "rsETH"), ("north", "holders", "rsETH")
    fund, lent = ("south", "backstop", "insurance fund"), ("south", "lenders", "USDC")
    held = tuple((place, side, "RSETH") for place, side, _ in held)
    assert parts(document, "holders where it happened") == {held[0]: 15_000}
    # All would lose 25,000; 15,000 are lost: each bears three fifths.
    assert parts(document, "all holders alike") == {held[0]: 9_000, held[1]: 6_000}
    # Ann's equity is 4,500 of her 10,000; Bob has enough for his 5,000.
    there = {held[0]: 9_500, fund: 100, lent: 5_400}
    assert parts(document, "where it happened, then lenders") == there
    # Ann bears 4,500 of 6,000, Bob 3,000.
    alike = {held[0]: 7_500, held[1]: 6_000, fund: 100, lent: 1_400}
    assert parts(document, "all alike, then lenders") == alike
    (chain,) = document["impairment"]["chains"]
    assert set(chain["amounts_e18"].values()) == {str(15_000 * E18)}


def test_a_feed_that_follows_lets_the_borrower_be_closed_at_the_lower_price(books: Tables) -> None:
    words = 'asset = "rsETH", share = 0.5, where = "south", oracle = "follows"'
    done = contagion(books, words)
    assert done.exit_code == 0, done.output
    results = {one["deployment"]: one for one in json.loads(done.stdout)["scenario"]["results"]}
    south = results["south"]
    static = (south["bad_debt_static_e18"], south["bad_debt_static_market_e18"])
    assert static == (str(5_500 * E18), str(5_500 * E18))
    assert south["closed_accounts"] == 1
    # 10,000 of collateral pay 10,000 / 1.05 of Ann's 15,500, to a unit of USDC either way.
    after = int(south["bad_debt_after_e18"])
    assert abs(105 * after - (15_500 * 105 - 1_000_000) * E18) <= 105 * 10**12
    assert south["bad_debt_after_market_e18"] == south["bad_debt_after_e18"]


def test_people_read_both_bad_debts_and_the_rules_side_by_side(books: Tables) -> None:
    done = contagion(books, 'asset = "rsETH", share = 0.5, where = "south"', "--format", "table")
    assert done.exit_code == 0, done.output
    assert "50.0000% of the backing of rsETH is gone in south" in done.output
    assert "0 at the protocol's prices, 5,500 at the market's" in done.output
    assert "nobody yet: there is no bad debt at the protocol's prices" in done.output
    assert "No effect" not in done.output
    assert "Not moved    USDC: nothing" in done.output


@pytest.mark.parametrize(
    ("impairment", "why"),
    [
        ('asset = "XYZ", share = 0.5', "no book has XYZ"),
        ('asset = "rsETH", share = 0.5, where = "east"', "in 'east', where no book has it"),
        ('asset = "USD", share = 0.5', "USD"),
        ('asset = "rsETH", share = 0', "share has to be above 0 and at most 1"),
        ('asset = "rsETH", share = 1.01', "share has to be above 0 and at most 1"),
        ('asset = "rsETH", share = 0.5, oracle = "dead"', '"stands" or "follows"'),
        ('asset = "rsETH", share = 0.5, were = "all"', "there is no key were"),
        ('share = 0.5', "needs the key asset"),
    ],
)  # fmt: skip
def test_an_impairment_that_cannot_be_is_one_line(books: Tables, impairment: str, why: str) -> None:
    done = contagion(books, impairment)
    assert done.exit_code == 2
    assert why in done.output
    assert done.output.count("\n") == 1


def test_the_whole_backing_may_be_gone(books: Tables) -> None:
    for oracle in ("stands", "follows"):
        done = contagion(books, f'asset = "rsETH", share = 1, oracle = "{oracle}"')
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert int(found["impairment"]["total_e18"]) // 10**15 == 49_999_999


def test_of_a_token_that_nobody_holds_there_is_no_loss_to_tell(books: Tables) -> None:
    tables = Tables(books.folder / "nobody")
    tables.folder.mkdir()
    tables.write("prices.csv", "asset,price,decimals\nrsETH,2000,18\nWETH,1900,18\nUSDC,1,6\n")
    tables.write("rules.toml", RULES)
    tables.write("positions.csv", SOUTH.replace("rsETH", "WETH"))
    assert tables.book("--name", "south", "--fail-on", "never").exit_code == 0
    done = contagion(tables, 'asset = "rsETH", share = 0.5, where = "all"')
    assert done.exit_code == 2
    assert "no account holds or owes rsETH" in done.output or "no book has rsETH" in done.output
