#include "gateway/api/table.h"

#include <array>
#include <span>

#include "config/format.h"
#include "gateway/api/object_view.h"

namespace sluice::gateway {
namespace {

using config::Format;
using config::Json;

using CellOf = std::string (*)(const Json& spec);

struct Column {
  std::string_view name;
  std::string_view description;
  CellOf cell;
};

const Json* Find(const Json& json, std::string_view key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

std::string Plain(const Json* json) {
  if (json == nullptr || json->is_null()) return {};
  if (json->is_string()) return json->get<std::string>();
  return json->is_structured() ? std::string() : json->dump();
}

std::string TextAt(const Json& spec, std::string_view key) { return Plain(Find(spec, key)); }

// ["a","b"] as custom resources show lists.
std::string ListAt(const Json& spec, std::string_view key) {
  const Json* list = Find(spec, key);
  return list == nullptr || !list->is_array() ? std::string()
                                              : list->dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The texts that `tell` makes of the items of a list, joined.
template <typename Tell>
std::string Joined(const Json& spec, std::string_view key, const Tell& tell) {
  const Json* list = Find(spec, key);
  std::string text;
  if (list == nullptr || !list->is_array()) return text;
  for (const Json& item : *list) {
    const std::string part = tell(item);
    if (part.empty()) continue;
    if (!text.empty()) text += ", ";
    text += part;
  }
  return text;
}

std::string NamesOf(const Json& spec, std::string_view key) {
  return Joined(spec, key, [](const Json& item) { return TextAt(item, "name"); });
}

// Of the rule that most requests meet: the last one that divides its traffic, else the last one that routes.
std::string Split(const Json& spec) {
  const Json* rules = Find(spec, "http");
  if (rules == nullptr || !rules->is_array()) return {};
  std::string last;
  for (auto rule = rules->rbegin(); rule != rules->rend(); ++rule) {
    const Json* routes = Find(*rule, "route");
    std::string text = SplitText(*rule);
    if (routes != nullptr && routes->size() > 1 && !text.empty()) return text;
    if (last.empty()) last = std::move(text);
  }
  return last;
}

std::string EndpointsOf(const Json& spec) {
  const Json* endpoints = Find(spec, "endpoints");
  return endpoints != nullptr && endpoints->is_array() ? std::to_string(endpoints->size()) : "0";
}

std::string PortsOf(const Json& spec) {
  return Joined(spec, "servers", [](const Json& server) {
    const Json* port = Find(server, "port");
    return port == nullptr ? std::string() : Format("{}/{}", TextAt(*port, "number"), TextAt(*port, "protocol"));
  });
}

std::string GatewayHosts(const Json& spec) {
  return Joined(spec, "servers", [](const Json& server) {
    return Joined(server, "hosts", [](const Json& host) { return Plain(&host); });
  });
}

std::string MtlsOf(const Json& spec) {
  const Json* mtls = Find(spec, "mtls");
  return mtls == nullptr ? std::string() : TextAt(*mtls, "mode");
}

std::string ArmsOf(const Json& spec) {
  return Joined(spec, "arms",
                [](const Json& arm) { return Format("{} {}", TextAt(arm, "name"), TextAt(arm, "buckets")); });
}

std::string UnitOf(const Json& spec) {
  const Json* unit = Find(spec, "unit");
  if (unit == nullptr || !unit->is_object() || unit->empty()) return {};
  return Format("{} {}", unit->items().begin().key(), Plain(&unit->items().begin().value()));
}

// The shares of the challenger, one stage after another: "5,10,25,50,100".
std::string StagesOf(const Json& spec) {
  const Json* stages = Find(spec, "stages");
  std::string text;
  if (stages == nullptr || !stages->is_array()) return text;
  for (const Json& stage : *stages) text += (text.empty() ? "" : ",") + TextAt(stage, "weight");
  return text;
}

std::string Count(const Json& spec, std::string_view key) {
  const Json* list = Find(spec, key);
  return list != nullptr && list->is_array() ? std::to_string(list->size()) : "0";
}

constexpr std::array kVirtualService = {
    Column{"Gateways", "the gateways that the rules are bound to", [](const Json& s) { return ListAt(s, "gateways"); }},
    Column{"Hosts", "the hosts that the rules are for", [](const Json& s) { return ListAt(s, "hosts"); }},
    Column{"Split", "shares of the last rule that divides its traffic", &Split},
};
constexpr std::array kDestinationRule = {
    Column{"Host", "the service that the policies are for", [](const Json& s) { return TextAt(s, "host"); }},
    Column{"Subsets", "versions of the service", [](const Json& s) { return NamesOf(s, "subsets"); }},
};
constexpr std::array kServiceEntry = {
    Column{"Hosts", "names of the service", [](const Json& s) { return ListAt(s, "hosts"); }},
    Column{"Resolution", "how endpoints are found", [](const Json& s) { return TextAt(s, "resolution"); }},
    Column{"Endpoints", "how many are written", &EndpointsOf},
};
constexpr std::array kGateway = {
    Column{"Ports", "ports and protocols of the listeners", &PortsOf},
    Column{"Hosts", "hosts that the listeners take", &GatewayHosts},
};
constexpr std::array kPeerAuthentication = {Column{"Mode", "mutual TLS", &MtlsOf}};
constexpr std::array kAuthorizationPolicy = {
    Column{"Action", "what happens to requests that match",
           [](const Json& s) {
             std::string action = TextAt(s, "action");
             return action.empty() ? std::string("ALLOW") : action;
           }},
    Column{"Rules", "how many there are", [](const Json& s) { return Count(s, "rules"); }},
};
constexpr std::array kExperiment = {
    Column{"Host", "the service under test", [](const Json& s) { return TextAt(s, "host"); }},
    Column{"Unit", "what makes two requests those of one user", &UnitOf},
    Column{"Arms", "arms and their buckets", &ArmsOf},
};

constexpr std::array kCanary = {
    Column{"VirtualService", "whose weights change", [](const Json& s) { return TextAt(s, "virtualService"); }},
    Column{"Route", "the rule in it", [](const Json& s) { return TextAt(s, "route"); }},
    Column{"Champion", "the subset that serves now", [](const Json& s) { return TextAt(s, "champion"); }},
    Column{"Challenger", "the subset that shall serve", [](const Json& s) { return TextAt(s, "challenger"); }},
    Column{"Stages", "percent of the challenger, by stage", &StagesOf},
};

std::span<const Column> ColumnsOf(std::string_view kind) {
  if (kind == "VirtualService") return kVirtualService;
  if (kind == "DestinationRule") return kDestinationRule;
  if (kind == "ServiceEntry") return kServiceEntry;
  if (kind == "Gateway") return kGateway;
  if (kind == "PeerAuthentication") return kPeerAuthentication;
  if (kind == "AuthorizationPolicy") return kAuthorizationPolicy;
  if (kind == "Experiment") return kExperiment;
  if (kind == "Canary") return kCanary;
  return {};
}

Json Definition(std::string_view name, std::string_view format, std::string_view description, int priority) {
  return {{"name", name}, {"type", "string"}, {"format", format}, {"description", description}, {"priority", priority}};
}

std::string_view DriftText(Drift drift) {
  switch (drift) {
    case Drift::kNone: return "in sync";
    case Drift::kChanged: return "changed live";
    case Drift::kLiveOnly: return "live only";
    case Drift::kFileOnly: return "deleted live";
  }
  return {};
}

// Where the object is written: of what runs, or of the file that says something else.
std::string SourceOf(const World& world, const LiveObject& object) {
  config::Place place = object.place;
  if (place.file.empty()) {
    const auto file = world.files().find(object.key);
    if (file == world.files().end()) return "-";
    place = file->second.place;
  }
  return place.mark.line == 0 ? place.file : Format("{}:{}", place.file, place.mark.line);
}

}  // namespace

std::string SplitText(const Json& rule) {
  const Json* routes = Find(rule, "route");
  if (routes == nullptr || !routes->is_array()) return {};
  return Joined(rule, "route", [&](const Json& route) {
    const Json* destination = Find(route, "destination");
    if (destination == nullptr) return std::string();
    std::string name = TextAt(*destination, "subset");
    if (name.empty()) name = TextAt(*destination, "host");
    const std::string weight = TextAt(route, "weight");
    // One destination without a weight takes everything; one among several takes nothing.
    return Format("{} {}%", name, !weight.empty() ? weight : routes->size() == 1 ? "100" : "0");
  });
}

Json EmptyTable(const TableStyle& style, std::uint64_t revision) {
  Json columns = Json::array();
  columns.push_back(Definition("Name", "name", "name of the object, unique in its namespace", 0));
  for (const Column& column : ColumnsOf(style.kind->kind)) {
    columns.push_back(Definition(column.name, "", column.description, 0));
  }
  columns.push_back(Definition("Age", "", "how long ago it was made", 0));
  columns.push_back(Definition("Drift", "", "what files say of it beside what runs", 1));
  columns.push_back(Definition("Source", "", "file and line where it is written", 1));
  columns.push_back(Definition("Revision", "", "the revision that changed it last", 1));
  return {{"kind", "Table"},
          {"apiVersion", Format("meta.k8s.io/{}", style.meta_version)},
          {"metadata", {{"resourceVersion", std::to_string(revision)}}},
          {"columnDefinitions", std::move(columns)},
          {"rows", Json::array()}};
}

Json RowOf(const TableStyle& style, const World& world, const LiveObject& object) {
  static const Json kNothing = Json::object();
  const Json* spec = Find(object.body, "spec");
  Json cells = Json::array({object.key.name});
  for (const Column& column : ColumnsOf(style.kind->kind)) {
    cells.push_back(column.cell(spec == nullptr ? kNothing : *spec));
  }
  cells.push_back(AgeText(object.created_us, style.now_us));
  cells.push_back(DriftText(world.DriftOf(object.key)));
  cells.push_back(SourceOf(world, object));
  cells.push_back(std::to_string(object.version));
  Json row = {{"cells", std::move(cells)}};
  if (style.include == TableStyle::Include::kMetadata) row["object"] = MetadataViewOf(object, style.meta_version);
  if (style.include == TableStyle::Include::kObject) row["object"] = ViewOf(object, style.version);
  return row;
}

}  // namespace sluice::gateway
