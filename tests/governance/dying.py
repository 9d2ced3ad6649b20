"""A program that is killed while the service still thinks about a change."""

from __future__ import annotations

import sys

import mixpanel_headless as mp


def main(url: str, folder: str) -> None:
    """One change, whose answer never comes."""
    with mp.Workspace(
        project="12345", username="sa.test", secret="s3cret", api_base_url=url, store="memory", cache="memory",
        state_dir=folder,
    ) as ws:  # fmt: skip
        ws.delete_annotation(7)


if __name__ == "__main__":
    main(*sys.argv[1:])
