"""EC2 launch templates: immutable versions, one of them the default, the latest counted by number.

Gaps of LocalStack closed here: versions could not be deleted and their numbers were places in a
list, SourceVersion was ignored, tags of the template came back as tags of its instances, user data
was changed. The templates stay where moto keeps them, so that its RunInstances and the tags of EC2
find them.

AWS rules followed: a version made from another one inherits what it does not say; the default
version cannot be deleted and numbers are never used again; a template is not checked for its image,
groups or profile, whoever launches from it is; the tags in the data are those of instances and
volumes, the tags of the template are its own.
"""

import copy
import fnmatch

from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion

from isobar_localstack.core.errors import error
from isobar_localstack.core.paging import page

PER_PAGE = 200
SYMBOLS = ("$latest", "$default")


def operations(original: dict) -> dict:
    return {
        "CreateLaunchTemplate": create_template,
        "CreateLaunchTemplateVersion": create_version,
        "DescribeLaunchTemplates": describe_templates,
        "DescribeLaunchTemplateVersions": describe_versions,
        "ModifyLaunchTemplate": modify_template,
        "DeleteLaunchTemplate": delete_template,
        "DeleteLaunchTemplateVersions": delete_versions,
    }


# --- what there is --------------------------------------------------------------------------------


def backend(account_id: str, region: str):
    from moto.ec2.models import ec2_backends

    return ec2_backends[account_id][region]


class Template(LaunchTemplate):
    """moto's, with versions that are found by their number, whichever of them are left."""

    made = 0

    def create_version(self, data: dict, description: str | None):
        self.made += 1
        self.versions.append(LaunchTemplateVersion(self, self.made, data, description))
        return self.versions[-1]

    def get_version(self, num):
        return version_of(self, num)

    def default_version(self):
        return version_of(self, "$Default")


def find(account_id: str, region: str, template_id: str | None, name: str | None):
    """The template with this id or name; one of the two has to be there."""
    if bool(template_id) == bool(name):
        raise error(
            "MissingParameter" if not name else "InvalidParameterCombination",
            "The request must contain either the launch template ID or the launch template name, and not both.",
        )
    place = backend(account_id, region)
    if name:
        template_id = place.launch_template_name_to_ids.get(name)
        if template_id is None:
            raise error(
                "InvalidLaunchTemplateName.NotFoundException",
                f"The specified launch template, with template name {name}, does not exist.",
            )
    template = place.launch_templates.get(template_id)
    if template is None:
        raise error(
            "InvalidLaunchTemplateId.NotFound",
            f"The specified launch template, with template ID {template_id}, does not exist.",
        )
    return template


def named(context, request):
    return find(
        context.account_id, context.region, request.get("LaunchTemplateId"), request.get("LaunchTemplateName")
    )


def version_of(template, wanted):
    """The version with this number, `$Latest` or `$Default`."""
    wanted = str(wanted or "$Default")
    if wanted.lower() == "$latest":
        return template.versions[-1]
    number = str(template.default_version_number) if wanted.lower() == "$default" else wanted
    found = next((version for version in template.versions if str(version.number) == number), None)
    if found is None:
        raise error(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {wanted} for the launch template with ID {template.id}.",
        )
    return found


def describe(template) -> dict:
    described = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:aws:iam::{template.ec2_backend.account_id}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.versions[-1].number,
    }
    tags = tags_of(template)
    return described | (
        {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    )


def tags_of(template) -> dict:
    return dict(template.ec2_backend.tags.get(template.id) or {})


def describe_version(version) -> dict:
    template = version.template
    described = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionNumber": version.number,
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{template.ec2_backend.account_id}:root",
        "DefaultVersion": version.number == template.default_version_number,
        "LaunchTemplateData": version.data,
    }
    return described | ({"VersionDescription": version.description} if version.description else {})


# --- making ---------------------------------------------------------------------------------------


def create_template(context, request):
    place, name = backend(context.account_id, context.region), request["LaunchTemplateName"]
    if name in place.launch_template_name_to_ids:
        raise error(
            "InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use."
        )
    tags = own_tags(request)
    data = copy.deepcopy(dict(request["LaunchTemplateData"]))
    template = Template(place, name, data, request.get("VersionDescription"), {"launch-template": tags})
    place.launch_templates[template.id] = template
    place.launch_template_name_to_ids[name] = template.id
    return {"LaunchTemplate": describe(template)}


def own_tags(request) -> dict:
    tags = {}
    for specification in request.get("TagSpecifications") or []:
        if specification.get("ResourceType") != "launch-template":
            raise error(
                "InvalidParameterValue",
                f"'{specification.get('ResourceType')}' is not a valid taggable resource type for "
                "this operation.",
            )
        tags |= {tag["Key"]: tag.get("Value", "") for tag in specification.get("Tags") or []}
    return tags


def create_version(context, request):
    template = named(context, request)
    data = copy.deepcopy(dict(request["LaunchTemplateData"]))
    if source := request.get("SourceVersion"):
        data = copy.deepcopy(version_of(template, source).data) | data
    version = template.create_version(data, request.get("VersionDescription"))
    return {"LaunchTemplateVersion": describe_version(version)}


# --- reading --------------------------------------------------------------------------------------


def describe_templates(context, request):
    place = backend(context.account_id, context.region)
    ids, names = request.get("LaunchTemplateIds") or [], request.get("LaunchTemplateNames") or []
    wanted = [find(context.account_id, context.region, template_id, None) for template_id in ids]
    for name in names:
        wanted.append(find(context.account_id, context.region, None, name))
    if not ids and not names:
        wanted = list(place.launch_templates.values())
    chosen = [
        template for template in wanted if all(passes(template, f) for f in request.get("Filters") or [])
    ]
    shown, token = page(chosen, request.get("NextToken"), request.get("MaxResults") or PER_PAGE, bad_token())
    return {"LaunchTemplates": [describe(template) for template in shown]} | (
        {"NextToken": token} if token else {}
    )


def bad_token():
    return error("InvalidParameterValue", "Unable to parse pagination token")


def passes(template, wanted: dict) -> bool:
    name, tags = wanted["Name"], tags_of(template)
    if name.startswith("tag:"):
        values = [tags[name[4:]]] if name[4:] in tags else []
    elif name in ("tag-key", "launch-template-name", "create-time"):
        values = {
            "tag-key": list(tags),
            "launch-template-name": [template.name],
            "create-time": [str(template.create_time)],
        }[name]
    else:
        raise error("InvalidParameterValue", f"The filter '{name}' is invalid")
    return any(
        fnmatch.fnmatchcase(value, pattern) for value in values for pattern in wanted.get("Values") or []
    )


def describe_versions(context, request):
    wanted = request.get("Versions") or []
    if request.get("LaunchTemplateId") or request.get("LaunchTemplateName"):
        versions = chosen_versions(named(context, request), wanted, request)
    else:
        if not wanted or any(version.lower() not in SYMBOLS for version in wanted):
            raise error(
                "InvalidParameterValue",
                "To describe the launch template data for all your launch templates, for "
                "'--versions' specify '$Latest', '$Default', or both, and omit the launch template and version numbers.",
            )
        templates = backend(context.account_id, context.region).launch_templates.values()
        versions = [version for template in templates for version in distinct(template, wanted)]
    shown, token = page(
        versions, request.get("NextToken"), request.get("MaxResults") or PER_PAGE, bad_token()
    )
    return {"LaunchTemplateVersions": [describe_version(version) for version in shown]} | (
        {"NextToken": token} if token else {}
    )


def chosen_versions(template, wanted: list, request) -> list:
    if wanted:
        return distinct(template, wanted)
    low, high = (
        int(request.get("MinVersion") or 0),
        int(request.get("MaxVersion") or template.versions[-1].number),
    )
    return [version for version in reversed(template.versions) if low <= version.number <= high]


def distinct(template, wanted: list) -> list:
    """Each version once, also when it is both the latest and the default."""
    return list(
        {version.number: version for version in (version_of(template, one) for one in wanted)}.values()
    )


# --- changing and deleting ------------------------------------------------------------------------


def modify_template(context, request):
    template = named(context, request)
    if wanted := request.get("DefaultVersion"):
        template.default_version_number = version_of(template, wanted).number
    return {"LaunchTemplate": describe(template)}


def delete_template(context, request):
    template = named(context, request)
    described = describe(template)
    place = backend(context.account_id, context.region)
    place.launch_templates.pop(template.id)
    place.launch_template_name_to_ids.pop(template.name)
    place.tags.pop(template.id, None)
    return {"LaunchTemplate": described}


def delete_versions(context, request):
    template, gone, kept = named(context, request), [], []
    for wanted in request["Versions"]:
        about = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        version = next((one for one in template.versions if str(one.number) == wanted), None)
        if version is None:
            problem = (
                "launchTemplateVersionDoesNotExist",
                f"The launch template version {wanted} does not exist.",
            )
        elif version.number == template.default_version_number:
            problem = "unexpectedError", "Cannot delete the default version of a launch template."
        else:
            template.versions.remove(version)
            gone.append(about | {"VersionNumber": version.number})
            continue
        number = {"VersionNumber": int(wanted)} if wanted.isdecimal() else {}
        kept.append(about | number | {"ResponseError": {"Code": problem[0], "Message": problem[1]}})
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": gone,
        "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
    }
