"""The depth file: what it says, and what each mistake is told as."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.market.depth import (
    Cliff,
    ConstantProduct,
    ContSchaanning,
    Exponential,
    Linear,
    NoImpact,
    OrderBook,
    PegBand,
    SquareRoot,
    StablePool,
)
from analyzer.market.depth import file as depth_file
from analyzer.market.depth.default import default_curve
from analyzer.market.depth.file import PoolEntry, load_depth
from analyzer.model.errors import InputError

POOL = "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"

WHOLE = f"""
[ETH]
kind = "constant-product"
depth_usd = 250_000_000
source = "my desk"
["stETH/ETH"]
kind = "exponential"
depth_usd = 60e6
[BTC]
kind = "square-root"
daily_volume_usd = 1.7e9
daily_volatility = 0.024
[SOL]
kind = "cont-schaanning"
daily_volume_usd = 5e8
daily_volatility = 0.044
coefficient = 0.3
floor = 0.1
[LINK]
kind = "order-book"
bids = [[0.999, 200e3], [0.99, 900e3]]
asks = [[1.001, 1]]
[UNI]
kind = "linear"
usd_per_unit_ratio = 20e6
[CRV]
kind = "uniswap-v3"
pool = "{POOL.lower()}"
asset = "{WETH.lower()}"
[SNX]
kind = "uniswap-v2"
pool = "{POOL}"
asset = "{WETH}"
quote_usd = 2.5
[USDC]
kind = "none"
[USDT]
kind = "stableswap"
amplification = 2000
balances = [150e6, 180e6, 170e6]
fee = 0.0001
["rETH/ETH"]
kind = "stableswap-pool"
pool = "{POOL}"
asset = "{WETH}"
other = "{POOL}"
["TUSD->USDC"]
kind = "cliff"
one_percent_usd = 2e6
holds_usd = 5e6
minted = true
[DAI]
kind = "default"
peg_within = 0.001
peg_capacity_usd_per_day = 400e6
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "depth.toml"
    path.write_text(text)
    return path


def test_every_kind_of_curve_is_read(tmp_path: Path) -> None:
    found = load_depth(written(tmp_path, WHOLE))
    assert found.curves == {
        "ETH": ConstantProduct(250e6, "my desk"),
        "stETH/ETH": Exponential(60e6, "depth.toml: stETH/ETH"),
        "BTC": SquareRoot(1.7e9, 0.024, 1.0, "depth.toml: BTC"),
        "SOL": ContSchaanning(5e8, 0.044, 0.3, floor=0.1, source="depth.toml: SOL"),
        "LINK": OrderBook(((0.999, 200e3), (0.99, 900e3)), ((1.001, 1.0),), "depth.toml: LINK"),
        "UNI": Linear(20e6, "depth.toml: UNI"),
        "USDC": NoImpact("depth.toml: USDC"),
        "USDT": StablePool(2000.0, (150e6, 180e6, 170e6), 0.0001, "depth.toml: USDT"),
        "TUSD->USDC": Cliff(2e6, 5e6, minted=True, source="depth.toml: TUSD->USDC"),
        "DAI": PegBand(default_curve("DAI"), 0.001, 400e6),
    }
    assert found.pools == {
        "CRV": PoolEntry(POOL, WETH, 1.0),
        "SNX": PoolEntry(POOL, WETH, 2.5, "uniswap-v2"),
        "rETH/ETH": PoolEntry(POOL, WETH, 1.0, "stableswap-pool", POOL),
    }
    assert found.pools["rETH/ETH"].title == f"StableSwap pool {POOL}"
    assert found.pools["SNX"].title == f"Uniswap V2 pool {POOL}"


def test_the_example_in_the_docstring_is_read_but_for_its_addresses(tmp_path: Path) -> None:
    doc = depth_file.__doc__ or ""
    sample = "\n".join(line[4:] for line in doc.splitlines() if line.startswith("    "))
    sample = sample.replace('"0x..."', f'"{POOL}"')
    found = load_depth(written(tmp_path, sample))
    assert set(found.curves) | set(found.pools) == set(re.findall(r"\[\"?([\w/>-]+)\"?\]", sample))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("ETH = 5", "ETH has to be a table like [ETH], it is 5"),
        ("[ETH]\ndepth_usd = 1", "ETH needs the key kind"),
        ("[ETH]\nkind = 'cubic'", "ETH.kind is no curve: 'cubic' (known: clif"),
        ("[ETH]\nkind = 'exponential'", "ETH needs the key depth_usd"),
        ("[ETH]\nkind = 'exponential'\ndepth_usd = -1", "ETH.depth_usd has to be above zero"),
        ("[ETH]\nkind = 'exponential'\ndepth_usd = nan", "ETH.depth_usd has to be above zero"),
        ("[ETH]\nkind = 'exponential'\ndepth_usd = '5M'", "ETH.depth_usd has to be a number"),
        ("[ETH]\nkind = 'exponential'\ndepth_usd = true", "ETH.depth_usd has to be a number"),
        (
            "[ETH]\nkind = 'exponential'\ndepth_usd = 1\ndeph = 2",
            "ETH.deph is no key of this kind (known: depth_usd, kind, source)",
        ),
        ("[ETH]\nkind = 'exponential'\ndepth_usd = 1\nsource = 5", "ETH.source has to be a text"),
        ("[L]\nkind = 'order-book'\nbids = 5", "L.bids has to be a list of [ratio, USD], it is 5"),
        ("[L]\nkind = 'order-book'\nbids = [[1]]", "L.bids has to be a list of [ratio, USD], not"),
        ("[L]\nkind = 'order-book'\nbids = [[1.1, 5]]", "L: bids have to fall from 1"),
        ("[L]\nkind = 'order-book'", "L: an order book has at least one bid or ask"),
        ("[C]\nkind = 'uniswap-v3'\npool = 'x'", "C.pool has to be an address, it is 'x'"),
        (f"[C]\nkind = 'uniswap-v3'\npool = '{POOL}'", "C needs the key asset"),
        ("['->USDC']\nkind = 'none'", "->USDC is no factor and no pair like ETH->USDC"),
        ("['A->B->C']\nkind = 'none'", "A->B->C is no factor and no pair"),
        ("['A->A']\nkind = 'none'", "A->A is no factor and no pair"),
        ("[A]\nkind = 'none'\npeg_within = 0.1", "A needs the key peg_capacity_usd_per_day"),
        (
            "[A]\nkind = 'none'\npeg_within = 2\npeg_capacity_usd_per_day = 1",
            "A: peg_within has to be below 1",
        ),
        ("[A]\nkind = 'default'\ndepth_usd = 1", "A.depth_usd is no key of this kind"),
        (
            "[S]\nkind = 'stableswap'\namplification = 1\nbalances = 5",
            "S.balances has to be a list",
        ),
        (
            "[S]\nkind = 'stableswap'\namplification = 1\nbalances = [1]",
            "S: a StableSwap pool has at least two balances",
        ),
        (
            "[S]\nkind = 'cliff'\none_percent_usd = 1\nholds_usd = 1\nminted = 1",
            "S.minted has to be true or false, it is 1",
        ),
        ("not toml", "depth.toml is no depth file"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(InputError) as error:
        load_depth(written(tmp_path, text))
    assert complaint in str(error.value)
    assert "depth.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_floor_of_everything_is_told_with_the_table(tmp_path: Path) -> None:
    text = "[S]\nkind = 'cont-schaanning'\ndaily_volume_usd = 1\ndaily_volatility = 1\n"
    with pytest.raises(InputError, match=r"depth\.toml: S: floor has to be at least 0 and below"):
        load_depth(written(tmp_path, text + "coefficient = 1\nfloor = 1"))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no depth file"):
        load_depth(tmp_path / "none.toml")
