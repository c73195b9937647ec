"""Errors as AWS answers them."""

from localstack.aws.api import CommonServiceException


def error(code: str, message: str, status: int = 400) -> CommonServiceException:
    return CommonServiceException(code, message, status_code=status)
