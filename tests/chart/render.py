"""Renders the chart and checks it against the schemas of Kubernetes, without a cluster.

Reads {"chart", "values", "kubernetes"} from stdin and writes {"objects", "notes"} or {"refused"} to stdout.
Needs helm-python-sdk and kubernetes-validate, which ./test installs.
"""

import json
import sys

import helm_python as helm
import kubernetes_validate
import yaml
from helm_python import _native

# What the Prometheus operator brings is in none of the schemas of Kubernetes.
FOREIGN = {"ServiceMonitor"}


def render(chart, values, kubernetes):
    with helm.Chart.load(chart) as loaded:
        loaded.validate_schema(values)
        release = {"name": "demo", "namespace": "seats", "kube_version": f"v{kubernetes}.0"}
        rendered = _native.call_string(
            "helm_render", loaded._raw(), json.dumps(values), json.dumps(release)
        )
    objects, notes = [], ""
    for path, text in sorted(json.loads(rendered).items()):
        if path.endswith("NOTES.txt"):
            notes = text
            continue
        objects += [found for found in yaml.safe_load_all(text) if found]
    for found in objects:
        if found["kind"] not in FOREIGN:
            kubernetes_validate.validate(found, kubernetes, strict=True)
    return {"objects": objects, "notes": notes}


def main():
    asked = json.load(sys.stdin)
    with open(asked["values"], encoding="utf-8") as file:
        values = yaml.safe_load(file) or {}
    for key, value in asked.get("set", {}).items():
        at = values
        *sections, last = key.split("/")
        for section in sections:
            at = at.setdefault(section, {})
        at[last] = value
    try:
        answer = render(asked["chart"], values, asked["kubernetes"])
    except Exception as error:  # whatever refuses it is the answer
        answer = {"refused": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


main()
