"""Rounds of the price feeds behind a scan, kept in its index beside the protocol's own logs.

No verdict rests on them: `risk` takes its price history from them.
"""

from __future__ import annotations

from analyzer.chain.base import NotRecordedError, Progress
from analyzer.indexer import Index
from analyzer.model.block import BlockRef
from analyzer.model.book import Book
from analyzer.model.deployment import Deployment
from analyzer.protocols.base import Plug
from analyzer.protocols.kit.price_feeds import FeedLogs, FeedsNamed, as_deployment, roles_of
from analyzer.runs.scanning.sources import Source
from analyzer.solvency.drive import CountedReads


def index_feed_rounds(
    source: Source,
    index: Index,
    deployment: Deployment,
    plug: Plug,
    book: Book,
    *,
    block: BlockRef,
    progress: Progress,
) -> int:
    """Indexes the rounds of every feed that the protocol names, up to the block.

    Returns how many logs were added; 0 where it names no feed, and of a recording without their
    logs. Raises: UnreadError when a live chain does not answer.
    """
    if not isinstance(plug, FeedsNamed):
        return 0
    feeds = CountedReads(source.chain, block).drive(plug.price_feeds(book))
    if not feeds:
        return 0
    own = as_deployment(deployment, roles_of(feeds))
    try:
        return index.advance(source.chain, own, FeedLogs(), to=block, progress=progress).logs_added
    except NotRecordedError:
        return 0
