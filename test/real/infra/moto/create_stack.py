"""Creates a stack in moto from a template, looks at what came of it, deletes it, and looks again. Prints one line of JSON.

Usage: create_stack.py TEMPLATE ACCOUNT REGION. Nothing leaves the process: moto answers every call of boto3 inside it.
"""

import io
import json
import os
import sys
import warnings
import zipfile
from collections import Counter

template_file, account, region = sys.argv[1:]
os.environ.update(
    AWS_ACCESS_KEY_ID="moto", AWS_SECRET_ACCESS_KEY="moto", AWS_DEFAULT_REGION=region, MOTO_ACCOUNT_ID=account
)

import boto3  # noqa: E402
from moto import mock_aws  # noqa: E402

warnings.simplefilter("ignore")
with open(template_file, encoding="utf-8") as file:
    body = file.read()
template = json.loads(body)


def of_type(kind):
    return {k: r["Properties"] for k, r in template["Resources"].items() if r["Type"] == kind}


def bootstrap():
    """What `cdk bootstrap` and the upload of assets leave behind."""
    bucket = f"cdk-hnb659fds-assets-{account}-{region}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.mjs", "export const handler = () => {};")
    for properties in of_type("AWS::Lambda::Function").values():
        s3.put_object(Bucket=bucket, Key=properties["Code"]["S3Key"], Body=code.getvalue())
    boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String")


def there():
    """What is in the account, by service."""
    functions = boto3.client("lambda").list_functions()["Functions"]
    return {
        "functions": len(functions),
        "kmsKeys": len(boto3.client("kms").list_keys()["Keys"]),
        "logGroups": len(boto3.client("logs").describe_log_groups()["logGroups"]),
        "topics": len(boto3.client("sns").list_topics()["Topics"]),
        "roles": len(boto3.client("iam").list_roles()["Roles"]),
        "buckets": len([b for b in boto3.client("s3").list_buckets()["Buckets"] if "-assets-" not in b["Name"]]),
    }


def function_facts():
    client = boto3.client("lambda")
    facts = []
    for function in client.list_functions()["Functions"]:
        policy = json.loads(client.get_policy(FunctionName=function["FunctionName"])["Policy"])
        facts.append({
            "runtime": function["Runtime"],
            "timeout": function["Timeout"],
            "environment": function["Environment"]["Variables"],
            "invokedBy": [
                [statement["Principal"]["Service"], statement.get("Condition")] for statement in policy["Statement"]
            ],
        })
    return facts


def try_the_lock():
    """moto's CloudFormation leaves out the lock: a bucket is made by the API, of what the template says of it."""
    client, name = boto3.client("s3"), {"Bucket": "locked"}
    (properties,) = of_type("AWS::S3::Bucket").values()
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(ObjectLockEnabledForBucket=properties["ObjectLockEnabled"], **where, **name)
    client.put_object_lock_configuration(ObjectLockConfiguration=properties["ObjectLockConfiguration"], **name)
    fragment = client.put_object(Key="fragment.json", Body=b"{}", **name)
    locked = client.head_object(Key="fragment.json", **name)
    try:
        client.delete_object(Key="fragment.json", VersionId=fragment["VersionId"], **name)
        deletion = "deleted"
    except client.exceptions.ClientError as error:
        deletion = error.response["Error"]["Code"]
    days = (locked["ObjectLockRetainUntilDate"] - locked["LastModified"]).total_seconds() / 86_400
    return {"mode": locked["ObjectLockMode"], "days": round(days), "deletion": deletion}


def make_secrets():
    """moto's CloudFormation knows no secrets: they are made by the API, of what the template says of them."""
    client, made = boto3.client("secretsmanager"), []
    for properties in of_type("AWS::SecretsManager::Secret").values():
        client.create_secret(Name=properties["Name"], Description=properties["Description"], Tags=properties["Tags"])
        described = client.describe_secret(SecretId=properties["Name"])
        made.append({"name": described["Name"], "versions": described.get("VersionIdsToStages", {})})
    return made


with mock_aws():
    bootstrap()
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(StackName="rehearsal", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    stack = cloudformation.describe_stacks(StackName="rehearsal")["Stacks"][0]
    summaries = cloudformation.list_stack_resources(StackName="rehearsal")["StackResourceSummaries"]
    created = {summary["LogicalResourceId"] for summary in summaries}
    report = {
        "status": stack["StackStatus"],
        "created": Counter(r["Type"] for k, r in template["Resources"].items() if k in created),
        "notCreated": Counter(r["Type"] for k, r in template["Resources"].items() if k not in created),
        "there": there(),
        "functions": function_facts(),
        "outputs": sorted(output["OutputKey"] for output in stack["Outputs"]),
        "secrets": make_secrets(),
    }
    cloudformation.delete_stack(StackName="rehearsal")
    report["afterDeletion"] = there()
    report["lock"] = try_the_lock()
print(json.dumps(report))
