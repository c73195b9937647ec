"""Events: a service says what has happened, or asks whom it concerns, without knowing who listens.

Services depend on each other in one direction; what has to go the other way is an event here, published by
the one and subscribed to by the other. An event of one service alone stands in that service's folder.
"""


class Event:
    def __init__(self, name: str):
        self.name = name
        self._subscribers: list = []

    def subscribe(self, subscriber):
        """As a decorator, too: the function is called with what is published."""
        self._subscribers.append(subscriber)
        return subscriber

    def publish(self, *facts) -> list:
        """The answers of the subscribers, in the order of their subscription."""
        return [subscriber(*facts) for subscriber in self._subscribers]


# (account id, region, ARN) -> (ARNs that use the certificate, ARNs that used it, the moment ACM notices their end)
certificate_users = Event("certificate.users")
# (account id, region, ARN) -> whether a link leads to the load balancer
load_balancer_links = Event("load_balancer.links")
# (account id, region, id) -> the methods that use the VPC link
vpc_link_users = Event("vpc_link.users")
# () -> regions in which there are things, whatever region they were asked for in: replicas, buckets
regions_of_things = Event("inventory.regions_of_things")
