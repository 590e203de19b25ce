#include "gateway/api/open_api_proto.h"

#include <cstdint>

#include "config/format.h"
#include "config/resource_kind.h"
#include "gateway/api/kind_docs.h"
#include "gateway/api/open_api.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::ResourceKind;

void PutVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

// A length-delimited field: text, or a message that was written before.
void Put(std::string& message, std::uint32_t field, std::string_view bytes) {
  PutVarint(message, field << 3 | 2);
  PutVarint(message, bytes.size());
  message += bytes;
}

std::string Message(std::uint32_t field, std::string_view bytes) {
  std::string message;
  Put(message, field, bytes);
  return message;
}

// NamedAny, NamedSchema, NamedPathItem: name = 1, value = 2.
std::string Named(std::string_view name, std::string_view value) {
  std::string message = Message(1, name);
  Put(message, 2, value);
  return message;
}

// An extension whose value is text of YAML: Any.yaml = 2.
std::string Extension(std::string_view name, std::string_view yaml) { return Named(name, Message(2, yaml)); }

// ParametersItem.parameter = 1, Parameter.non_body_parameter = 2, NonBodyParameter.query_parameter_sub_schema = 3;
// in = 2, name = 4, type = 6.
std::string QueryParameter(std::string_view name) {
  std::string parameter = Message(2, "query");
  Put(parameter, 4, name);
  Put(parameter, 6, "string");
  return Message(1, Message(2, Message(3, parameter)));
}

// Operation: operation_id = 5, parameters = 8, responses = 9, vendor_extension = 13.
std::string PatchOperation(const ResourceKind& kind, std::string_view version) {
  std::string operation = Message(5, Format("patch{}{}", version, kind.kind));
  for (const std::string_view name : kWriteParameters) Put(operation, 8, QueryParameter(name));
  // Responses.response_code = 1: NamedResponseValue; ResponseValue.response = 1, Response.description = 1.
  Put(operation, 9, Message(1, Named("200", Message(1, Message(1, "OK")))));
  Put(operation, 13,
      Extension("x-kubernetes-group-version-kind",
                Format("group: {}\nkind: {}\nversion: {}\n", kind.group, kind.kind, version)));
  return operation;
}

// Schema: description = 4, type = 22 (TypeItem.value = 1), properties = 25 (Properties.additional_properties = 1),
// vendor_extension = 31.
std::string Schema(std::string_view type, std::string_view description) {
  std::string schema = Message(4, description);
  Put(schema, 22, Message(1, type));
  return schema;
}

// `kubectl explain` of old clients cannot look into an open object: the fields are told in its description.
std::string SpecText(const KindDoc& doc) {
  std::string text = "What is wanted.";
  for (const FieldDoc& field : doc.fields) text += Format(" {}: {}", field.name, field.text);
  return text;
}

std::string Definition(const ResourceKind& kind, std::string_view version) {
  const KindDoc* doc = FindKindDoc(kind.kind);
  std::string properties;
  Put(properties, 1, Named("apiVersion", Schema("string", "Group and version of the schema.")));
  Put(properties, 1, Named("kind", Schema("string", "The kind of object.")));
  Put(properties, 1, Named("metadata", Schema("object", "Name, namespace, labels and annotations.")));
  if (doc != nullptr) Put(properties, 1, Named("spec", Schema("object", SpecText(*doc))));
  std::string schema = Schema("object", doc == nullptr ? kind.kind : doc->text);
  Put(schema, 25, properties);
  Put(schema, 31,
      Extension("x-kubernetes-group-version-kind",
                Format("- group: {}\n  kind: {}\n  version: {}\n", kind.group, kind.kind, version)));
  return schema;
}

}  // namespace

// Document: swagger = 1, info = 2 (title = 1, version = 2), paths = 8 (Paths.path = 2, PathItem.patch = 8),
// definitions = 9 (Definitions.additional_properties = 1).
std::string OpenApiProto() {
  std::string info = Message(1, "Sluice");
  Put(info, 2, SLUICE_VERSION);
  std::string paths;
  std::string definitions;
  for (const ResourceKind& kind : config::ResourceKinds()) {
    for (const std::string_view version : kind.versions) {
      const std::string path = Format("/apis/{}/{}/namespaces/{namespace}/{}/{name}", kind.group, version, kind.plural);
      Put(paths, 2, Named(path, Message(8, PatchOperation(kind, version))));
      Put(definitions, 1, Named(SchemaName(kind, version), Definition(kind, version)));
    }
  }
  std::string document = Message(1, "2.0");
  Put(document, 2, info);
  Put(document, 8, paths);
  Put(document, 9, definitions);
  return document;
}

}  // namespace sluice::gateway
