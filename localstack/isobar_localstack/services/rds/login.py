"""RDS: an attempt to log in, for tests that cannot connect to a database.

    POST /_isobar/rds/login {"region": "eu-west-1", "cluster": "orders", "user": "app", "password": "…"}
        {"accepted": true}

AWS rule followed: all members of a global cluster accept the primary's user and password.
"""

from isobar_localstack.services.rds.state import in_turn, regions


class LoginResource:
    @in_turn
    def on_post(self, request):
        wanted = request.get_json(force=True)
        there = regions.get((wanted.get("account", "000000000000"), wanted["region"]))
        cluster = there.clusters.get(wanted["cluster"].lower()) if there else None
        known = cluster is not None and cluster.password is not None and cluster.user == wanted["user"]
        return {"accepted": known and cluster.password.accepts(wanted["password"])}
