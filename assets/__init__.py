"""The Dagster code location: when things happen and in what order. Thin, and the only place that imports Dagster.

An asset names its inputs, calls one step of alliance_etl.night and returns counts. Frames never pass between assets.
"""
