// Requests as the conditions of rules see them: a few properties that are free of each other, each absent or a text.
// Finds a request that meets some conditions and breaks others, or proves that there is none, for values of printable
// ASCII. Part of the analysis of rules, never of the request path. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/analysis/text_finder.h"
#include "core/plan/sample_request.h"
#include "core/route/route.h"

namespace sluice::core {

// One condition of a RouteMatch, from which it borrows.
struct Condition {
  std::uint32_t variable = 0;
  const StringMatch* match = nullptr;  // null: of the port
  bool without = false;                // of withoutHeaders
  std::uint16_t port = 0;
  std::string prefix{};  // what every text that meets `match` begins with, letter case included
};

struct Literal {
  Condition condition{};
  bool holds = true;  // false: the condition must fail
};

// What the place of a virtual host leaves open.
struct RequestBounds {
  std::string authority;                // one that leads to the virtual host
  StringMatch authorities{};            // all that may lead there
  std::string scheme = "http";          // of the place
  std::vector<std::uint16_t> ports{0};  // the listener's; of the process's own port any that rules name
  std::string sni{};
};

struct FoundRequest {
  FoundText::Verdict verdict = FoundText::Verdict::kUnknown;
  SampleRequest request{};
};

class RequestSpace {
 public:
  RequestSpace();

  // Sorted by variable. Nothing when one is about what is not modelled, such as the pseudo-header `:path`.
  std::optional<std::vector<Condition>> ConditionsOf(const RouteMatch& match);

  FoundRequest Find(std::span<const Literal> literals, const RequestBounds& bounds);

  // Whether the fields of a request meet those literals that are about fields.
  bool HoldIn(std::span<const Literal> literals, const HeaderMap& headers) const;

  // Whether no request can meet both, as far as a glance tells. Both sorted by variable.
  static bool ClearlyApart(std::span<const Condition> a, std::span<const Condition> b);
  // Whether `a` says no less than `wanted`, as far as a glance tells.
  static bool ClearlyImplies(std::span<const Condition> a, const Condition& wanted);

  bool exhausted() const { return finder_.exhausted(); }

 private:
  enum Fixed : std::uint32_t { kPath, kMethod, kScheme, kAuthority, kPort, kFixedCount };
  using Name = std::pair<bool, std::string>;  // whether of the query, and its key

  std::uint32_t VariableOf(bool query, const std::string& name);
  FoundText FindFixed(std::uint32_t variable, std::span<const Literal> group, const RequestBounds& bounds);
  // An absent one is found without a text: `present` says which.
  FoundText FindNamed(bool query, std::span<const Literal> group, bool& present);

  TextFinder finder_;
  std::map<Name, std::uint32_t> variables_;
  std::vector<Name> names_;  // by variable - kFixedCount
  StringMatch paths_;
  StringMatch methods_;
  StringMatch schemes_;
  StringMatch header_values_;
  StringMatch query_values_;
};

}  // namespace sluice::core
