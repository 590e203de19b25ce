// Resources between YAML trees and JSON. JSON keys are sorted (nlohmann's default object), so that dump() is a canonical
// text: equal resources, equal bytes. Pure; any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/resource.h"
#include "core/base/result.h"

namespace sluice::config {

using Json = nlohmann::json;

// A scalar without quotes is what YAML's core schema says: null, true, a number; everything else is text.
Json ToJson(const YamlNode& node);

// Block style, keys in Kubernetes' order at the top (apiVersion, kind, metadata, spec), else sorted; text that could be
// taken for another type is quoted. ParseYaml reads it back to the same JSON.
std::string ToYaml(const Json& json);

// The canonical body of a resource: apiVersion, kind, metadata {name, namespace, labels, annotations}, spec. Drops what
// an API server adds (uid, resourceVersion, creationTimestamp, managedFields, status, ...) and empty metadata; what no
// resource has is kept, to be found out as unknown. `default_namespace` is filled in.
Json CanonicalBody(const Json& resource, const std::string& default_namespace);

// The key of a body; an error names what is missing: apiVersion, kind, metadata.name.
core::Result<ResourceKey> KeyOf(const Json& resource, const std::string& default_namespace);

// A resource whose lines are those of its ToYaml text; `origin` stands for the file in findings.
Resource FromJson(const Json& body, std::string origin, const std::string& default_namespace);

}  // namespace sluice::config
