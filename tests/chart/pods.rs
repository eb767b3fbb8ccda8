//! What the pods are like, and who reaches them.

use serde_json::{Value, json};

use super::{KUBERNETES, VALUES, objects, of_kind, pod, rendered, the};

fn templates(objects: &[Value]) -> Vec<&Value> {
    let kinds = ["Deployment", "Job"];
    let found = kinds.iter().flat_map(|kind| of_kind(objects, kind));
    found.map(pod).collect()
}

#[test]
fn every_object_fits_the_schemas_of_old_and_new_kubernetes() {
    for values in VALUES {
        for kubernetes in KUBERNETES {
            let objects = rendered(values, kubernetes, json!({}));
            assert!(
                objects.as_ref().is_ok_and(|found| found.len() >= 6),
                "{values} {kubernetes}: {objects:?}"
            );
        }
    }
}

#[test]
fn rendering_twice_gives_the_same() {
    assert_eq!(objects("full"), objects("full"));
}

#[test]
fn every_pod_is_as_the_restricted_standard_asks() {
    for values in VALUES {
        let objects = objects(values);
        let templates = templates(&objects);
        assert_eq!(templates.len(), 2, "the deployment's and the migration's");
        for template in templates {
            let spec = &template["spec"];
            assert_eq!(spec["automountServiceAccountToken"], false);
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true);
            assert_eq!(
                spec["securityContext"]["seccompProfile"]["type"],
                "RuntimeDefault"
            );
            for container in spec["containers"].as_array().unwrap() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false);
                assert_eq!(context["readOnlyRootFilesystem"], true);
                assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }));
                assert!(container["resources"]["requests"]["memory"].is_string());
            }
        }
    }
}

#[test]
fn a_pod_may_run_as_whatever_user_the_cluster_gives() {
    let objects = rendered("least", "1.36", json!({ "podSecurityContext": {} })).unwrap();
    let merged = &pod(the(&objects, "Deployment"))["spec"]["securityContext"];
    assert_eq!(merged["runAsNonRoot"], true);
}

#[test]
fn services_lead_to_ports_of_the_deployments_pods_and_to_no_migration() {
    let objects = objects("full");
    let deployment = the(&objects, "Deployment");
    let labels = pod(deployment)["metadata"]["labels"].as_object().unwrap();
    let job = pod(the(&objects, "Job"))["metadata"]["labels"]
        .as_object()
        .unwrap();
    let ports = pod(deployment)["spec"]["containers"][0]["ports"]
        .as_array()
        .unwrap();
    let services = of_kind(&objects, "Service");
    assert_eq!(services.len(), 2);
    for service in services {
        let selector = service["spec"]["selector"].as_object().unwrap();
        let selects = |labels: &serde_json::Map<String, Value>| {
            selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
        };
        assert!(selects(labels));
        assert!(!selects(job));
        for port in service["spec"]["ports"].as_array().unwrap() {
            assert!(ports.iter().any(|own| own["name"] == port["targetPort"]));
        }
    }
}

#[test]
fn the_public_service_does_not_lead_to_the_operations_port() {
    let objects = objects("full");
    let ingress = the(&objects, "Ingress");
    let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"];
    let public = of_kind(&objects, "Service")
        .into_iter()
        .find(|service| &service["metadata"]["name"] == backend)
        .unwrap();
    let ports = public["spec"]["ports"].as_array().unwrap();
    assert!(ports.iter().all(|port| port["targetPort"] == "http"));
}

#[test]
fn the_monitor_selects_the_operations_service_alone() {
    let objects = objects("full");
    let monitor = the(&objects, "ServiceMonitor");
    let wanted = monitor["spec"]["selector"]["matchLabels"]
        .as_object()
        .unwrap();
    let services = of_kind(&objects, "Service");
    let selected: Vec<_> = services
        .iter()
        .filter(|service| {
            let labels = &service["metadata"]["labels"];
            wanted.iter().all(|(key, value)| &labels[key] == value)
        })
        .map(|service| &service["spec"]["ports"][0]["name"])
        .collect();
    assert_eq!(selected, ["ops"]);
    assert_eq!(monitor["spec"]["endpoints"][0]["port"], "ops");
}

#[test]
fn the_schema_is_migrated_before_pods_start_and_by_nobody_else() {
    let objects = objects("least");
    let job = the(&objects, "Job");
    let hooks = &job["metadata"]["annotations"]["helm.sh/hook"];
    assert_eq!(hooks, "pre-install,pre-upgrade");
    let env = pod(the(&objects, "Deployment"))["spec"]["containers"][0]["env"].clone();
    let migrates = json!({ "name": "USHER_DATABASE__MIGRATE_ON_START", "value": "false" });
    assert!(env.as_array().unwrap().contains(&migrates));

    let without = rendered("least", "1.36", json!({ "migration/enabled": false })).unwrap();
    assert!(of_kind(&without, "Job").is_empty());
}

#[test]
fn one_pod_needs_no_disruption_budget() {
    let one = rendered("least", "1.36", json!({ "replicas": 1 })).unwrap();
    assert!(of_kind(&one, "PodDisruptionBudget").is_empty());
    assert_eq!(
        the(&objects("least"), "PodDisruptionBudget")["spec"]["maxUnavailable"],
        1
    );
}
