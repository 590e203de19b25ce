// What `kubectl explain` says of each kind: one sentence, and one for each field of its spec. Static; any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice::gateway {

struct FieldDoc {
  std::string_view name;
  std::string_view
      type;  // of OpenAPI: string, integer, boolean, object; "array" is a list of anything; "": text or number
  std::string_view text;
};

struct KindDoc {
  std::string_view kind;
  std::string_view text;
  std::span<const FieldDoc> fields;
};

// Null for a kind without words.
const KindDoc* FindKindDoc(std::string_view kind);

}  // namespace sluice::gateway
