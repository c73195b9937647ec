"""API Gateway v2: what is alive, as (kind, name)."""


def live(client):
    more = {}
    while True:  # no paginator in the SDK
        page = client.get_vpc_links(**more)
        for link in page["Items"]:
            yield "vpc-link", f"{link['Name']} {link['VpcLinkId']}"
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
