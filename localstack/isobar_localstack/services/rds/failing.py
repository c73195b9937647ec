"""RDS: clusters and instances that fail, since nothing runs here.

    POST   /_isobar/rds/failing {"region": "eu-west-1", "name": "orders-1", "status": "incompatible-parameters"}
    GET    /_isobar/rds/failing                              {"eu-west-1 orders-1": "incompatible-parameters"}
    DELETE /_isobar/rds/failing                              forgets them all; what has failed stays as it is

Whatever is to become available next under that name ends in the status instead.
AWS rule followed: what has failed can be deleted, without a final snapshot, and not be changed.
"""

from isobar_localstack.services.rds.state import failing, in_turn


class FailingResource:
    @in_turn
    def on_get(self, request):
        return {f"{region} {name}": status for (_, region, name), status in sorted(failing.items())}

    @in_turn
    def on_post(self, request):
        wanted = request.get_json(force=True)
        key = (wanted.get("account", "000000000000"), wanted["region"], wanted["name"].lower())
        failing[key] = wanted.get("status") or "failed"
        return self.on_get(request)

    @in_turn
    def on_delete(self, request):
        failing.clear()
        return {}
