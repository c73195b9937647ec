"""One file per AWS service; each has a function `service()` that LocalStack's loader calls."""
