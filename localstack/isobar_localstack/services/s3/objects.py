"""S3: the data of objects, as a part of the state. Unfinished uploads are not kept."""

from isobar_localstack.core.emulated import loaded
from isobar_localstack.core.state import Part


def storage():
    """LocalStack's store of the objects' data, or None as long as the service is not in use."""
    return loaded["s3"].lifecycle_hook._storage_backend if "s3" in loaded else None


class Objects(Part):
    def take(self) -> dict:
        """Bucket -> key -> data and when it was written."""
        return {
            bucket: {key: (whole(file), file.internal_last_modified) for key, file in content["keys"].items()}
            for bucket, content in (list(storage()._filesystem.items()) if storage() else [])
        }

    def give(self, wanted: dict | None):
        from localstack.services.s3.storage.ephemeral import LockedSpooledTemporaryFile

        store = storage()
        if store is None:
            return
        store.close()
        store._filesystem.clear()
        for bucket, objects in (wanted or {}).items():
            store.create_bucket(bucket)
            for key, (data, written) in objects.items():
                file = LockedSpooledTemporaryFile(dir=f"{store.root_directory}/{bucket}", max_size=512 * 1024)
                file.write(data)
                file.internal_last_modified = written
                store._filesystem[bucket]["keys"][key] = file


def whole(file) -> bytes:
    with file.position_lock:
        file.seek(0)
        return file.read()


objects = Objects("s3.objects")
