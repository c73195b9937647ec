"""Application Auto Scaling: the desired count of ECS services, which a test changes as scaling would.

Within the limits of the scalable target:

    POST /_isobar/ecs/desired {"region": "eu-west-1", "cluster": "main", "service": "web", "desired": 5}
"""

import json

from localstack.http import Response

from isobar_localstack.services.application_autoscaling.targets import within
from isobar_localstack.services.ecs.services import active_service, set_desired
from isobar_localstack.services.ecs.state import last_part
from isobar_localstack.services.ecs.turns import in_turn


class DesiredResource:
    def on_post(self, request):
        wanted = request.get_json(force=True)
        answer = self.scale(wanted)
        if answer is None:
            return Response(json.dumps({"message": "no such service"}), 404, mimetype="application/json")
        return answer

    @staticmethod
    @in_turn
    def scale(wanted: dict):
        place = (wanted.get("account", "000000000000"), wanted.get("region", "us-east-1"))
        cluster, name = last_part(wanted["cluster"]), last_part(wanted["service"])
        service = active_service(*place, cluster, name)
        if service is None:
            return None
        desired = within(*place, f"service/{cluster}/{name}", int(wanted["desired"]))
        set_desired(service, desired)
        return {"desired": desired}
