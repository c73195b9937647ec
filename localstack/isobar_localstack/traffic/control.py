"""The endpoint of the traffic:

GET    /_isobar/traffic                   {"watching": …, "asked": …, "entrances": […], "unanswered": […], …}
POST   /_isobar/traffic {"watch": true}   what is answered now is the base; a watch before is forgotten
POST   /_isobar/traffic {"watch": false}  ends the watch: also "kept", "left", "came"; kept until the next one
DELETE /_isobar/traffic                   forgets it
"""

from localstack.aws import handlers
from localstack.http import Resource
from localstack.services.internal import get_internal_apis

from isobar_localstack.traffic import turns
from isobar_localstack.traffic.watch import ask_all, described


class TrafficResource:
    def on_get(self, request):
        with turns.turn():
            turns.catch_up()
            with turns.standing():
                entrances = [described(*one) for one in sorted(ask_all().items())]
                return {"entrances": entrances} | report()

    def on_post(self, request):
        if (request.get_json(force=True, silent=True) or {}).get("watch"):
            turns.start()
        else:
            turns.stop()
        return report()

    def on_delete(self, request):
        turns.forget()
        return {}


def report() -> dict:
    watch = turns.current()
    return watch.to_json() if watch else {"watching": False}


begin = turns.begin


def install():
    get_internal_apis().add(Resource("/_isobar/traffic", TrafficResource()))
    handlers.run_custom_response_handlers.handlers.insert(0, turns.end)
    handlers.run_custom_finalizers.append(turns.release)
