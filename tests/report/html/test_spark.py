"""A line no larger than a word."""

from __future__ import annotations

import re

from page_parts import parts_of

from analyzer.report.html.charts.spark import HEIGHT, WIDTH, spark, spark_text


def test_text_goes_from_the_least_to_the_most_and_leaves_gaps() -> None:
    assert spark_text([0.0, 3.5, None, 7.0]) == "▁▅ █"
    assert spark_text([5.0, 5.0]) == "▁▁"
    assert spark_text([None]) == " "
    assert spark_text([]) == ""


def test_the_line_stays_in_its_picture_and_breaks_where_nothing_is_known() -> None:
    svg = spark([1.0, 1e300, None, -5.0], "equity from one to minus five")
    [drawn] = parts_of(svg).all("svg")
    assert drawn.attributes["aria-label"] == "equity from one to minus five"
    [path] = parts_of(svg).all("path")
    assert path.attributes["d"].count("M") == 2
    places = [float(n) for n in re.findall(r"-?[0-9.]+", path.attributes["d"].replace("h0", ""))]
    assert all(0 <= x <= WIDTH for x in places[::2])
    assert all(0 <= y <= HEIGHT for y in places[1::2])
    assert len(parts_of(spark([None, None], "nothing is known of it")).all("circle")) == 0
