"""What the pages need to know of the site itself."""

from zoneinfo import ZoneInfo

from gateway.store.unit_of_work import SiteNotConfiguredError, Store


async def zone_of(store: Store) -> ZoneInfo:
    """Give the site's own clocks. Raises SiteNotConfiguredError."""
    async with store.unit_of_work() as uow:
        site = await uow.registry.site_at()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    return ZoneInfo(site[0].timezone)
