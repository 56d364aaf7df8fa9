"""`demo`: the sample site, the main job in front of you, and then a server to play with."""

import os
from pathlib import Path

import click

from gateway.commands.errors import Failed
from gateway.commands.running import data_dir, guarded, settings_for
from gateway.demo.running import run_demo
from gateway.demo.story import StoryError
from gateway.serving import until_told


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8470, show_default=True)
@click.option("--tls", is_flag=True, help="over https, by a certificate authority of the demo's own")
@click.option("--once", is_flag=True, help="stop after the story")
@data_dir
def demo(port: int, tls: bool, once: bool, data_dir: Path | None) -> None:  # noqa: FBT001  -- click passes flags so
    """Load the sample site, run the main job in front of you, keep serving on 127.0.0.1 until Ctrl-C.

    With --tls, demo.json names in `ca_file` whom to trust. Without --data-dir and LEAD_DATA_DIR the site is made in
    data/demo.
    """
    settings = settings_for(
        data_dir or (None if os.environ.get("LEAD_DATA_DIR") else Path("data/demo")),
        base_url=f"{'https' if tls else 'http'}://127.0.0.1:{port}",
        release_delay_seconds=2,
        release_window_seconds=3,
        poll_seconds=0.2,
        worker_timeout_seconds=5,
        log_level="warning",
    )

    async def run() -> None:
        try:
            await run_demo(settings, port, click.echo, then_serve=not once)
        except StoryError as error:
            raise Failed(f"demo: {error}") from None

    guarded(lambda: until_told(run()), settings)
