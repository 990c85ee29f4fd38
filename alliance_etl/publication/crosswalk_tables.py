"""The rows of `crosswalks` and `crosswalk_points`: what linked scores rest on, for who queries them."""

from collections.abc import Sequence
from typing import Any

from alliance_etl.crosswalks.model import Crosswalk


def crosswalk_rows(crosswalks: Sequence[Crosswalk]) -> list[dict[str, Any]]:
    return [
        {
            "crosswalk_id": crosswalk.id,
            "component": component,
            "source": crosswalk.source,
            "target": crosswalk.target,
            "study": crosswalk.study,
            "estimated_on": crosswalk.estimated_on,
            "design": crosswalk.design,
            "method": crosswalk.method,
            "pairs": link.pairs,
            "participants": link.participants,
            "first": link.first,
            "last": link.last,
            "correlation": link.correlation,
            "common_items": len(link.anchor.items) if link.anchor else None,
            "anchor_difference": link.anchor.difference if link.anchor else None,
            "apart_at_most": link.nearby.within if link.nearby else None,
            "apart_unit": link.nearby.unit if link.nearby else None,
            "drift": link.nearby.drift if link.nearby else None,
            "drift_error": link.nearby.drift_error if link.nearby else None,
            "calibration": link.by_items.calibration if link.by_items else None,
            "known_from": link.by_items.known_from if link.by_items else None,
            "trait_correlation": link.by_items.trait_correlation if link.by_items else None,
            "override": link.override,
            "source_alpha": link.source.alpha,
            "target_alpha": link.target.alpha,
            "mean_error": link.mean_error,
            "measurement_error": link.measurement_error,
            "remsd": link.remsd,
            "software": crosswalk.software,
        }
        for crosswalk in crosswalks
        for component, link in crosswalk.components.items()
    ]


def crosswalk_point_rows(crosswalks: Sequence[Crosswalk]) -> list[dict[str, Any]]:
    return [
        {"crosswalk_id": crosswalk.id, "component": component, **point.model_dump()}
        for crosswalk in crosswalks
        for component, link in crosswalk.components.items()
        for point in link.points
    ]
