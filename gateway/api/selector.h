// labelSelector and fieldSelector of lists and watches. Immutable once parsed; any thread.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/status.h"
#include "gateway/store/live_object.h"

namespace sluice::gateway {

class LabelSelector {
 public:
  // "a=b,c!=d,e in (f,g),h notin (i),j,!k"; empty text takes everything.
  static std::expected<LabelSelector, ApiError> Parse(std::string_view text);

  bool Matches(const LiveObject& object) const;
  bool empty() const { return terms_.empty(); }

 private:
  struct Term {
    std::string key;
    bool negated = false;
    bool presence = false;            // only asks whether there is such a label
    std::vector<std::string> values;  // one of them
  };
  static std::expected<Term, ApiError> ParseTerm(std::string_view text);

  std::vector<Term> terms_;
};

// metadata.name and metadata.namespace, as far as Kubernetes knows them for custom resources.
struct FieldSelector {
  std::string name;        // empty: any
  std::string name_space;  // empty: any
  std::vector<std::string> not_names;
  std::vector<std::string> not_namespaces;

  static std::expected<FieldSelector, ApiError> Parse(std::string_view text);
  bool Matches(const LiveObject& object) const;
};

}  // namespace sluice::gateway
