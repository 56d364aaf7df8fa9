"""A Subscription of a shape that nobody could serve: refused by name of element, whatever stands in it."""

from typing import Any

import pytest

from mappings.fhir.subscription import BACKPORT, Content, SubscriptionError, Topic, Unfit, read_subscription


def wanted(extension: Any) -> dict[str, Any]:
    channel = {"type": "rest-hook", "endpoint": "https://partner.example/hook", "_payload": {"extension": [extension]}}
    return {"resourceType": "Subscription", "status": "requested", "criteria": Topic.CUSTODY.value, "channel": channel}


class TestExtensions:
    @pytest.mark.parametrize("url", [[], {}, None, 1, "urn:unknown"])
    def test_whose_url_is_none(self, url: Any) -> None:
        with pytest.raises(SubscriptionError) as error:
            read_subscription(wanted({"url": url, "valueCode": "id-only"}))
        assert (error.value.field, error.value.rule) == ("Subscription.channel._payload", Unfit.NOT_READ.value)

    def test_that_are_read(self) -> None:
        url = f"{BACKPORT}backport-payload-content"
        assert read_subscription(wanted({"url": url, "valueCode": "id-only"})).content is Content.ID_ONLY
