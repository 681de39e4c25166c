from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from analyzer.chain.endpoint import Endpoint, mask_url, retry_after_seconds
from analyzer.model.errors import InputError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://localhost:8545/", "http://localhost:8545"),
        ("https://mainnet.example.io/v3/0123456789abcdef", "https://mainnet.example.io/***"),
        ("https://example.io/?key=s3cret", "https://example.io/***"),
        ("https://user:s3cret@example.io:8443", "https://example.io:8443/***"),
        ("https://example.io/#s3cret", "https://example.io/***"),
        ("http://[::1]:8545/s3cret", "http://[::1]:8545/***"),
    ],
)
def test_a_url_is_shown_without_anything_that_may_be_a_key(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("localhost:8545", "has to begin with http"),
        ("", "has to begin with http"),
        ("ws://host/s3cretkey", "has to begin with http"),
        ("http://", "names no valid host"),
        ("http:///s3cretkey", "names no valid host"),
        ("http://ho st/s3cretkey", "names no valid host"),
        ("http://host/s3cret key", "holds a space"),
        ("http://host:99999/s3cretkey", "malformed"),
        ("http://host:abc/s3cretkey", "malformed"),
        ("http://[::1/s3cretkey", "malformed"),
    ],
)
def test_a_malformed_url_is_an_input_error_that_repeats_no_secret(url: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        Endpoint.of(url)
    assert problem in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_node_that_repeats_its_url_is_scrubbed() -> None:
    endpoint = Endpoint.of("https://us%20er:pass123@host.io/v3/abcdef0123?token=zyxw%3D9876")
    text = (
        "bad call to https://us%20er:pass123@host.io/v3/abcdef0123?token=zyxw%3D9876,"
        " key abcdef0123, token zyxw=9876, user pass123"
    )
    assert endpoint.scrub(text) == ("bad call to https://host.io/***, key ***, token ***, user ***")


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    assert retry_after_seconds("2") == 2.0
    assert 20 < (retry_after_seconds(soon) or 0) <= 30
    assert [retry_after_seconds(t) for t in ("99999", "-5", "soon", "", None)] == [
        600.0,
        0.0,
        None,
        None,
        None,
    ]


def test_the_authorization_header_and_a_secret_that_was_cut_are_scrubbed_too() -> None:
    endpoint = Endpoint.of("https://user:hunter2secret@host.io/v3/abcdef1234567890")
    assert endpoint.scrub("got Basic dXNlcjpodW50ZXIyc2VjcmV0") == "got Basic ***"
    assert endpoint.scrub("got Basic dXNlcjpodW") == "got Basic ***"
    assert endpoint.scrub("no such path: /v3/abcdef12") == "no such path: ***"
