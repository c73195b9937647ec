"""ACM: certificates, and when they are issued."""

from isobar_localstack.core.durations import documented
from isobar_localstack.core.emulated import Base, Emulated, Limit, Throttling
from isobar_localstack.realism.strict.answers import coral
from isobar_localstack.services.acm import certificates, inventory

SERVICE = Emulated(
    "acm",
    based_on=Base.OWN,
    operations=certificates.operations,
    throttling=Throttling("ThrottlingException"),
    limits=(
        Limit(("RequestCertificate",), 5, 5, "memory"),
        Limit(("DescribeCertificate",), 10, 10, "memory"),
        Limit(("ListCertificates",), 8, 8, "memory"),
        Limit(("DeleteCertificate",), 5, 5, "memory"),
    ),
    errors=coral("ValidationException"),  # [doc]
    inventory=inventory.live,
    tagged=certificates.tagged,
    state=(certificates.stores,),
    durations={
        "record_appears": 5,
        "issued_after_record": 120,
        "in_use_lag": 60,
        "validation_times_out": documented(72 * 3600),
    },
)
