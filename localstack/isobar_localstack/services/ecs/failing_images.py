"""ECS: images that cannot be pulled.

Nothing is pulled here, so a test says which images fail:

    POST   /_isobar/ecs/failing-images {"image": "*web:2*", "reason": "CannotPullContainerError: …", "region": "eu-west-1"}
    GET    /_isobar/ecs/failing-images   DELETE: none any more

`image` is a part of its name or a pattern; region and reason may be left out.
"""

from isobar_localstack.services.ecs.state import failing_images
from isobar_localstack.services.ecs.turns import in_turn


class FailingImagesResource:
    def on_get(self, request):
        return {
            "failing": [
                {"region": region, "image": image, "reason": reason}
                for (region, image), reason in failing_images.items()
            ]
        }

    @staticmethod
    @in_turn
    def fail(wanted: dict):
        failing_images[wanted.get("region"), wanted["image"]] = wanted.get("reason")

    def on_post(self, request):
        self.fail(request.get_json(force=True))
        return self.on_get(request)

    def on_delete(self, request):
        failing_images.clear()
        return {}
