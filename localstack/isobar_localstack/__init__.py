"""An extension of LocalStack that makes it answer like AWS where Isobar depends on it.

`plugin` is what LocalStack finds and runs; `services` holds one file per AWS service.
"""
