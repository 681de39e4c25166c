"""The tables of a snapshot: one or more scans, everything that was found, keyed by scan."""

from __future__ import annotations

from analyzer.store.contagion_schema import CONTAGION_TABLES
from analyzer.store.keys import ACCOUNT, SCAN
from analyzer.store.schema import Column, Kind, Table, amount, count, flag, text

VERSION = 3
"""Version of the tables below: a change of a table, a column or its meaning raises it."""

_E18 = "18 decimals of the settlement currency; NULL = unknown."

RUNS = Table(
    "runs",
    "Which run made which scan. One row per scan and run.",
    (
        SCAN,
        text("run_id", "The run: 16 hex digits over its scans and options.", key=True),
        text("analyzer_version", "Version of the program."),
        text("source", "`rpc` or `recording`."),
        text("endpoint", "Where the answers came from; keys of endpoints are masked."),
        text("verify_mode", "`flagged`, `sample`, `all` or `none`."),
        count("exit_code", "What the run said to the shell (0 to 4)."),
        Column("started_at", Kind.WALL_CLOCK, "When the run began, UTC."),
        Column("finished_at", Kind.WALL_CLOCK, "When the run had its results, UTC."),
    ),
)

SCANS = Table(
    "scans",
    "One row per scan: one deployment at one block.",
    (
        SCAN,
        text("protocol", "Name of the protocol (`perp-v2`)."),
        text("deployment", "Name of the deployment."),
        count("chain_id", "Chain id."),
        Column("contracts", Kind.JSON, "Role -> address of the deployment, as a JSON object."),
        Column("factors", Kind.JSON, "Symbol or asset -> risk factor, where the deployment says."),
        text("deployment_source", "Where the addresses come from."),
        count("block_number", "The block that everything is read at."),
        text("block_hash", "Its hash, 0x."),
        count("block_time", "Its time, unix seconds."),
        text("methodology", "Version of the rules that were applied."),
        count("accounts", "Accounts in the table margin."),
        count("unknown", "Accounts whose verdict is unknown."),
        count("insolvent", "Accounts whose verdict is insolvent."),
        count("liquidatable", "Accounts whose verdict is liquidatable."),
        count("below_initial", "Accounts whose verdict is below_initial."),
        count("healthy", "Accounts whose verdict is healthy."),
        amount("hidden_bad_debt_e18", "-Σ min(equity, 0) over known accounts. " + _E18),
        amount(
            "hidden_bad_debt_settled_e18",
            "The same by the contract's own haircut values; NULL where the protocol has none.",
        ),
        text("verify_mode", "`flagged`, `sample`, `all` or `none`."),
        count("verified_accounts", "Accounts that were asked of the contract's views."),
        count("checks", "Comparisons made."),
        count("mismatches", "Comparisons in which the contract differs."),
        count("not_compared", "Comparisons whose judge gave no answer."),
        count("from_block", "First block of the deployment."),
        count("logs", "Logs that were folded."),
        count("blocks_with_logs", "Blocks that hold them."),
        count("headers", "Headers held: of blocks with logs, and of this block."),
        count("headers_linked", "Of these, how many name another one of them as their parent."),
        Column("log_doubts", Kind.JSON, "What speaks against the logs being whole: JSON list."),
        text("answer", "`insolvent`, `not_proven`, `covered` or `solvent`."),
        Column("caveats", Kind.JSON, "Why it is not proven, in words: a JSON list; `[]` = it is."),
    ),
)

ACCOUNTS = Table(
    "accounts",
    "Every account that was seen. One row per scan and account.",
    (
        SCAN,
        ACCOUNT,
        text("owner", "Address that owns it."),
        text("kind", "`trader`, `maker`, `insurance_fund`, ..."),
        count("first_block", "Block of its first log; NULL = none."),
        count("last_block", "Block of its last log; NULL = none."),
        count("events", "Logs that name it."),
    ),
)

MARGIN = Table(
    "margin",
    "Every account's margin, exact, and its verdict. One row per scan and account."
    " free_collateral_e18 = margin_equity_e18 - initial_margin_e18 and"
    " headroom_e18 = margin_equity_e18 - maintenance_margin_e18 on every known row.",
    (
        SCAN,
        ACCOUNT,
        text("owner", "Address that owns the account."),
        amount("equity_e18", "Everything at reference prices, no haircut. " + _E18),
        amount("margin_equity_e18", "What margin is counted on, haircuts applied. " + _E18),
        amount("initial_margin_e18", "What opening risk requires. " + _E18),
        amount("maintenance_margin_e18", "Below this the account is liquidated. " + _E18),
        amount("free_collateral_e18", "margin equity - initial margin, signed. " + _E18),
        amount("headroom_e18", "margin equity - maintenance margin, signed. " + _E18),
        amount(
            "settled_equity_e18",
            "Equity with the contract's own haircuts, where bad debt is counted on it."
            " 18 decimals; NULL = unknown, or the protocol has no such value.",
        ),
        text("verdict", "`unknown`, `insolvent`, `liquidatable`, `below_initial` or `healthy`."),
        text("reason", "Why that verdict, in words and numbers."),
        flag("liquidatable", "The protocol's own test; NULL = unknown."),
        flag("closable", "There is something to close; NULL = unknown."),
        flag(
            "collateral_liquidatable",
            "The protocol's test for seizing collateral; NULL = no such test, or unknown.",
        ),
        text("status", "`open`, `blocked`, `in_auction`, ... as the protocol has it."),
        flag("verified", "true = every compared field equal, false = not, NULL = not compared."),
    ),
)

COLLATERAL = Table(
    "collateral",
    "Collateral balances. One row per scan, account and asset.",
    (
        SCAN,
        ACCOUNT,
        text("asset_id", "The token.", key=True),
        text("symbol", "Its symbol."),
        count("decimals", "Its decimals."),
        amount("amount", "Balance, signed, raw in the token's own decimals."),
        amount(
            "amount_e18",
            "The same in 18 decimals (a token of more than 18 decimals: truncated toward zero).",
        ),
        amount("price_e18", "Reference price of a whole token. " + _E18),
        amount("value_e18", "Amount at that price. " + _E18),
        amount("margin_value_e18", "What of it counts as margin. " + _E18),
        count("weight_e6", "The ratio that is counted, parts per million (1e6 = 100 %)."),
    ),
)

POSITIONS = Table(
    "positions",
    "Positions. One row per scan, account and market.",
    (
        SCAN,
        ACCOUNT,
        text("market_id", "The market.", key=True),
        text("symbol", "Its symbol."),
        amount("size_e18", "Net size, signed, with what maker ranges hold. 18 decimals."),
        amount("open_notional_e18", "Quote received (positive) or paid. " + _E18),
        amount("price_e18", "Reference price of one unit. " + _E18),
        amount("value_e18", "Size at that price, signed. " + _E18),
        amount("unrealized_pnl_e18", "value + open notional, as the protocol counts it. " + _E18),
        amount("pending_funding_e18", "Funding not yet settled; positive = pays. " + _E18),
        amount(
            "liquidatable_size_e18",
            "What the protocol would close at most now. 18 decimals; NULL = see blocked.",
        ),
        text("blocked", "Why it cannot be closed now; empty = it can, or need not be."),
    ),
)

ORDERS = Table(
    "orders",
    "Maker ranges and resting orders. One row per scan, account, market and order.",
    (
        SCAN,
        ACCOUNT,
        text("market_id", "The market.", key=True),
        text("order_id", "The order, as the protocol names it.", key=True),
        count("lower_tick", "Lower bound of the range, in ticks; NULL = no range."),
        count("upper_tick", "Upper bound of the range, in ticks; NULL = no range."),
        amount("liquidity", "Liquidity of the range, raw."),
        amount("base_debt_e18", "Base put in. 18 decimals."),
        amount("quote_debt_e18", "Quote put in. 18 decimals."),
        amount("base_amount_e18", "Base in the range now. 18 decimals; NULL = unknown."),
        amount("quote_amount_e18", "Quote in the range now. 18 decimals; NULL = unknown."),
        amount("pending_fee_e18", "Fees earned and not collected. " + _E18),
    ),
)

MARKETS = Table(
    "markets",
    "Markets: state and totals. One row per scan and market.",
    (
        SCAN,
        text("market_id", "The market.", key=True),
        text("symbol", "Its symbol."),
        text("factor", "Its risk factor."),
        text("status", "`open`, `paused`, `closed`, ..."),
        amount("mark_price_e18", "Mark price. " + _E18),
        amount("index_price_e18", "Index price. " + _E18),
        amount("reference_price_e18", "The price that margin uses. " + _E18),
        amount("open_interest_long_e18", "Σ of positive sizes. 18 decimals; NULL = unknown."),
        amount("open_interest_short_e18", "Σ of |negative sizes|. 18 decimals; NULL = unknown."),
        count("initial_margin_ratio_e6", "Parts per million; NULL = none, or unknown."),
        count("maintenance_margin_ratio_e6", "Parts per million; NULL = none, or unknown."),
    ),
)

PRICES = Table(
    "prices",
    "The protocol's reference prices. One row per scan and asset.",
    (
        SCAN,
        text("asset_id", "Token or market.", key=True),
        text("symbol", "Its symbol."),
        text("factor", "Its risk factor."),
        amount("price_e18", "Price of a whole unit. 18 decimals; NULL = none, never 0."),
        text(
            "status",
            "`fresh`, `undated` (its source gives no time), `stale`, `doubtful` (its source"
            " contradicts itself), `invalid`, `fixed` or `missing`.",
        ),
        text("source", "Formula and contract."),
        count("updated_at", "Last update of the source, unix seconds; NULL = it has none."),
        text("detail", "What else there is to say."),
    ),
)

BACKSTOPS = Table(
    "backstops",
    "The loss waterfall, first layer first. One row per scan and layer.",
    (
        SCAN,
        count("layer", "1 = losses reach it first.", key=True),
        text("name", "Who stands there."),
        text("account_id", "Its account, where it is one."),
        amount("capacity_e18", "What it can absorb. 18 decimals; NULL = without bound, or unread."),
        flag("unlimited", "true = absorbs without a bound."),
        text("rule", "When and how losses reach it."),
        text("kind", "`own_collateral`, `fund`, `treasury`, `lp`, `adl` or `socialised`."),
        flag("voluntary", "true = may pay, but nothing makes it: no capacity."),
        text("asset_id", "The one asset whose losses it bears; NULL = any."),
    ),
)

TOTALS = Table(
    "totals",
    "Control totals. One row per scan and total. difference = rebuilt - on_chain.",
    (
        SCAN,
        text("name", "Short, stable name.", key=True),
        text("identity", "The equation in words."),
        text("unit", "Unit of the amounts."),
        amount("rebuilt", "What was rebuilt; NULL = not known."),
        amount("on_chain", "What the chain holds; NULL = not read."),
        amount("difference", "rebuilt - on_chain; NULL = either is not known."),
        amount("allowed", "Largest |difference| that the named roundings can make."),
        text("why", "Which roundings, and how many."),
        flag("surplus_ok", "true = the chain may hold more (direct transfers)."),
        flag("holds", "Whether the difference lies within what is allowed; NULL = not known."),
        text(
            "proves",
            "The set that it proves whole when it holds: `accounts`, `list` (of markets, reserves,"
            " assets) or `nothing`.",
        ),
    ),
)

VERIFICATION = Table(
    "verification",
    "Comparisons with the contract's own views. One row per scan and comparison.",
    (
        SCAN,
        count("check_no", "Number of the comparison, from 1.", key=True),
        text("account_id", "Account; NULL = about a market or the deployment."),
        text("market_id", "Market; NULL = none."),
        text("contract", "Contract and view that was asked."),
        text("field", "What was compared."),
        text("expected", "The rebuilt value."),
        text("actual", "The contract's value; NULL = no answer."),
        flag("equal", "true, false = divergence, NULL = not compared."),
        text("note", "Why it was not compared, or what is odd."),
    ),
)

FINDINGS = Table(
    "findings",
    "What is wrong. One row per scan and finding.",
    (
        SCAN,
        text("fingerprint", "Its identity from run to run: 16 hex digits.", key=True),
        text("detector", "Which detector."),
        text("severity", "`info`, `low`, `medium`, `high` or `critical`."),
        count("severity_rank", "0 to 4, for sorting."),
        text("account_id", "Account; NULL = the deployment as a whole."),
        text("market", "Market; NULL = none."),
        text("title", "One line."),
        Column("amounts", Kind.JSON, "Name with unit -> exact integer as text, a JSON object."),
        Column("evidence", Kind.JSON, "Name -> text that leads back to the chain, a JSON object."),
    ),
)

READS = Table(
    "reads",
    "What was read at the block. One row per scan, purpose and kind of read.",
    (
        SCAN,
        text(
            "purpose",
            "`rebuild` (margin needs it), `evidence` (only shown or compared), `implementation`"
            " (which code is behind a contract) or `judge`.",
            key=True,
        ),
        text("what", "Contract and function, or slot.", key=True),
        count("requested", "How many."),
        count("values", "How many gave a value."),
        count("reverted", "How many reverted, which is data."),
        count("not_read", "How many were not answered."),
        text("example", "One of the failures, in the node's words; empty = none."),
    ),
)

IMPLEMENTATIONS = Table(
    "implementations",
    "The code behind each contract at the block. One row per scan and address.",
    (
        SCAN,
        text("role", "Role in the deployment.", key=True),
        text("address", "The contract.", key=True),
        text("implementation", "Address of the code behind the proxy; NULL = none, or not known."),
        text("code_hash", "keccak of the code; NULL = not known."),
        text(
            "status",
            "`known`, `unknown`, `no code`, `changed without event` or `not recorded`.",
        ),
        text("note", "What else there is to say."),
    ),
)

STATEMENTS = Table(
    "statements",
    "Margin statements, line by line. One row per scan, account and line.",
    (
        SCAN,
        ACCOUNT,
        count("line_no", "Number of the line, from 1.", key=True),
        text("section", "`collateral`, `positions`, `requirement`, `result`, ..."),
        text("label", "What the line is."),
        amount("amount", "Exact integer in the unit; NULL = unknown, or a line of words."),
        text("unit", "Unit of the amount."),
        text("source", "Contract, view or slot, block, formula."),
    ),
)

SILENT_CHANGES = Table(
    "silent_changes",
    "State changes that no event carries and a pinned read revealed. One row per scan and change.",
    (
        SCAN,
        count("change_no", "Number of the change, from 1.", key=True),
        text("kind", "What kind of change."),
        text("account_id", "Account."),
        text("market_id", "Market; empty = none."),
        text("detail", "What changed."),
    ),
)

CAUTIONS = Table(
    "cautions",
    "Protocol facts that detectors report. One row per scan and fact.",
    (
        SCAN,
        count("caution_no", "Number of the fact, from 1.", key=True),
        text("kind", "`paused_market`, `stale_oracle`, ..."),
        text("account_id", "Account; NULL = none."),
        text("market_id", "Market; NULL = none."),
        text("text", "The fact in words."),
        Column("amounts", Kind.JSON, "Name with unit -> exact integer as text, a JSON object."),
        Column("evidence", Kind.JSON, "Name -> text that leads back to the chain, a JSON object."),
    ),
)

BOOKS = Table(
    "books",
    "Every scan's book with the protocol's own state: what stress and contagion run on, with no"
    " node and no index. One row per scan.",
    (
        SCAN,
        text("methodology", "Version of the rules that made the book and can read it."),
        text("sha256", "Of the book's bytes before compression, hex; NULL = there is no book."),
        text("problem", "Why there is no book; empty = there is one."),
        Column("book", Kind.BYTES, "The book, packed by its protocol; NULL = see problem."),
    ),
)

TABLES: tuple[Table, ...] = (
    RUNS, SCANS, ACCOUNTS, MARGIN, COLLATERAL, POSITIONS, ORDERS, MARKETS, PRICES, BACKSTOPS,
    TOTALS, VERIFICATION, FINDINGS, READS, IMPLEMENTATIONS, STATEMENTS, SILENT_CHANGES, CAUTIONS,
    BOOKS, *CONTAGION_TABLES,
)  # fmt: skip
"""Every table of a snapshot, in the order in which they are made and written."""
