// Budgets and combinations that are legal and yet seldom meant: time, retries, hashing with weights, mirrors to
// themselves (istio-reference.md section 6.2, "our additions").
#include "config/validate.h"

#include "core/base/text.h"
#include "core/resilience/backoff.h"

#include "config/duration.h"
#include "config/format.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {
namespace {

using core::RetryOn;

// Each covers those behind it (istio-reference.md section 1.5), but for refused-stream, which comes after a request.
constexpr std::array<std::pair<RetryOn, std::string_view>, 4> kResets = {{
    {RetryOn::k5xx, "5xx"},
    {RetryOn::kGatewayError, "gateway-error"},
    {RetryOn::kReset, "reset"},
    {RetryOn::kResetBeforeRequest, "reset-before-request"},
}};

// The tries and the longest pauses between them (core/resilience/backoff.h), against the time that there is.
void CheckBudget(const Place& place, const core::RetryPolicy& retry, core::Duration timeout, Findings& findings) {
  const core::Duration tries = retry.per_try_timeout * (retry.attempts + 1LL);
  core::Duration pauses{0};
  core::Duration pause = retry.backoff_base;
  const core::Duration longest = retry.backoff_base * core::Backoff::kMaxFactor;
  for (std::uint32_t i = 0; i < retry.attempts && pauses <= timeout; ++i) {
    pauses += pause;
    pause = pause > longest / 2 ? longest : pause * 2;
  }
  if (tries + pauses <= timeout) return;
  const bool certain = tries > timeout;
  const std::string message = Format(
      "{} tries of {} take up to {}, with pauses of up to {} between them {}, more than timeout {}: the last {} "
      "cut off and the client sees 504",
      retry.attempts + 1, FormatDuration(retry.per_try_timeout), FormatDuration(tries), FormatDuration(pauses),
      FormatDuration(tries + pauses), FormatDuration(timeout), certain ? "is" : "may be");
  const std::string cure =
      Format("raise timeout to {}, or lower attempts or perTryTimeout", FormatDuration(tries + pauses));
  findings.Add({certain ? Severity::kWarning : Severity::kInfo, "SL2003", message, cure, place, {}});
}

void CheckRedundant(const Place& place, const core::RetryPolicy& retry, Findings& findings) {
  const auto widest = std::ranges::find_if(kResets, [&](const auto& token) { return retry.Has(token.first); });
  if (widest == kResets.end()) return;
  std::string redundant;
  const auto add = [&](std::string_view name) { redundant += (redundant.empty() ? "" : ", ") + std::string(name); };
  for (auto token = widest + 1; token != kResets.end(); ++token) {
    if (retry.Has(token->first)) add(token->second);
  }
  if (retry.Has(RetryOn::kConnectFailure)) add("connect-failure");
  if (retry.Has(RetryOn::kRefusedStream) && widest->first != RetryOn::kResetBeforeRequest) add("refused-stream");
  for (const std::uint16_t status : retry.status_codes) {
    const bool of_gateway = status >= 502 && status <= 504;
    const bool of_server = status >= 500 && status <= 599;
    if ((widest->first == RetryOn::k5xx && of_server) || (widest->first == RetryOn::kGatewayError && of_gateway)) {
      add(std::to_string(status));
    }
  }
  if (redundant.empty()) return;
  findings.Info("SL2007", place, Format("{} already covers {}", widest->second, redundant), "leave them out");
}

void CheckTimes(const Metadata& meta, const HttpRule& rule, Findings& findings) {
  const core::RetryPolicy& retry = rule.retries->policy;
  const core::Duration per_try = retry.per_try_timeout;
  const Place place{meta.file, rule.retries->mark};
  if (per_try == core::Duration(0) || retry.attempts == 0) return;
  if (!retry.Has(RetryOn::k5xx) && !retry.Has(RetryOn::kGatewayError) && !retry.Has(RetryOn::kReset)) {
    findings.Warn("SL2005", place,
                  "perTryTimeout ends a try, but nothing in retryOn makes a try that timed out worth another",
                  "add 5xx, gateway-error or reset to retryOn");
  }
  if (!rule.timeout.has_value()) return;
  const core::Duration timeout = *rule.timeout;
  if (per_try >= timeout) {
    findings.Warn("SL2004", place,
                  Format("perTryTimeout {} is not below timeout {} and is ignored", FormatDuration(per_try),
                         FormatDuration(timeout)),
                  "make it smaller");
    return;
  }
  CheckBudget(place, retry, timeout, findings);
}

void CheckTokens(const Metadata& meta, const HttpRule& rule, Findings& findings) {
  const core::RetryPolicy& retry = rule.retries->policy;
  const Place place{meta.file, rule.retries->mark};
  if (rule.retries->tokens.empty() || retry.attempts == 0) return;
  CheckRedundant(place, retry, findings);
  if (retry.Has(RetryOn::kRetriable4xx)) {
    findings.Info("SL2016", place,
                  "retriable-4xx retries 409 only, which is unsafe where 409 guards against lost updates");
  }
  const auto is_get = [](const MatchItem& item) {
    return item.match.method.has_value() && item.match.method->kind() == core::StringMatch::Kind::kExact &&
           (item.match.method->text() == "GET" || item.match.method->text() == "HEAD");
  };
  const bool reads_only = !rule.matches.empty() && std::ranges::all_of(rule.matches, is_get);
  const auto widest = std::ranges::find_if(kResets, [&](const auto& token) {
    return token.first != RetryOn::kResetBeforeRequest && retry.Has(token.first);
  });
  if (widest != kResets.end() && !reads_only) {
    findings.Info("SL2008", place, Format("{} repeats requests of every method, POST too", widest->second),
                  "see that inference may run twice for one request");
  }
  if (retry.Has(RetryOn::kRetriableHeaders)) {
    findings.Info("SL2013", place, "retriable-headers has no effect: a VirtualService cannot name the headers");
  }
}

const Service* ServiceOf(const ServiceCatalog& catalog, const DestinationRef& to) { return catalog.Find(to.host.fqdn); }

// The hash picks the host within a version; which version is drawn anew for every request.
void CheckHash(const Metadata& meta, const std::vector<RouteDestination>& destinations, const VirtualService& service,
               const ServiceCatalog& catalog, Findings& findings) {
  if (destinations.size() < 2 || service.sticky.has_value()) return;
  for (const RouteDestination& destination : destinations) {
    const Service* known = ServiceOf(catalog, destination.to);
    if (known == nullptr || known->ports.empty()) continue;
    const Subset* subset = known->rule == nullptr ? nullptr : known->rule->FindSubset(destination.to.subset);
    const EffectivePolicy policy =
        PolicyFor(*known, destination.to.port.value_or(known->ports.front()->number), subset);
    if (policy.load_balancer == nullptr || !policy.load_balancer->hash.has_value()) continue;
    findings.Warn("SL2009", {meta.file, destination.to.host.mark},
                  "consistentHash keeps a user on a host, not on a version: the weights are drawn for every request",
                  "add the annotation sluice.dev/sticky, or an Experiment");
    return;
  }
}

void CheckMirrors(const Metadata& meta, const HttpRule& rule, const std::vector<RouteDestination>& destinations,
                  Findings& findings) {
  for (const MirrorTarget& mirror : rule.mirrors) {
    const auto same = [&](const RouteDestination& destination) {
      return destination.to.host.fqdn == mirror.to.host.fqdn && destination.to.subset == mirror.to.subset;
    };
    if (!std::ranges::any_of(destinations, same)) continue;
    findings.Warn("SL2010", {meta.file, mirror.to.host.mark}, "this mirror goes to a destination of the same rule",
                  "mirror to another subset");
  }
}

}  // namespace

void ValidateTraffic(const Documents& documents, const ServiceCatalog& catalog, Findings& findings) {
  for (const VirtualService& service : documents.virtual_services) {
    for (const HttpRule& rule : service.http) {
      const auto* destinations = std::get_if<std::vector<RouteDestination>>(&rule.action);
      if (destinations == nullptr) continue;
      if (rule.retries.has_value()) {
        CheckTimes(service.meta, rule, findings);
        CheckTokens(service.meta, rule, findings);
      }
      CheckHash(service.meta, *destinations, service, catalog, findings);
      CheckMirrors(service.meta, rule, *destinations, findings);
    }
  }
}

}  // namespace sluice::config
