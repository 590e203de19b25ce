// Reports as text for people.
#include "bench/loadgen/figures.h"
#include "bench/loadgen/report.h"
#include "bench/loadgen/report_tables.h"
#include "bench/loadgen/text_table.h"

namespace sluice::bench {
namespace {

void Append(std::string& out, const ReportTable& table) {
  if (table.rows.empty()) return;
  std::vector<std::string> head = table.head;
  for (std::string& name : head) name = Printable(name);
  TextTable text(std::move(head));
  for (std::vector<std::string> row : table.rows) {
    row.front() = Printable(row.front());
    text.Add(std::move(row));
  }
  out.append("\n").append(text.Text());
}

}  // namespace

std::string Report::Text() const {
  std::string out = std::to_string(data_.answered);
  out.append(" answers in ").append(Fixed(seconds(), 2)).append(" s, ").append(RateText(per_second()));
  out.append(" a second; ").append(std::to_string(lost())).append(" lost, ").append(std::to_string(data_.not_sent));
  out.append(" not sent, ").append(std::to_string(data_.retried)).append(" sent again\n");
  out.append("connections: ").append(std::to_string(data_.connects)).append(" made, ");
  out.append(std::to_string(data_.connect_failures)).append(" failed\n");
  if (data_.extra_bytes > 0) {
    out.append("the server sent more than was asked for ").append(std::to_string(data_.extra_bytes)).append(" times\n");
  }
  Append(out, LostTable(*this));
  Append(out, LatencyTable(*this));
  Append(out, SplitTable(*this));
  if (const std::string sticky = StickinessText(*this); !sticky.empty()) out.append("\n").append(sticky).append("\n");
  Append(out, KindTable(*this));
  Append(out, StatusTable(*this));
  return out;
}

std::string RecordText(const RunRecord& record) {
  if (!record.sweep) return record.steps.empty() ? "" : record.steps.front().report.Text();
  std::string out;
  if (record.saturation > 0) {
    out.append("saturation, closed loop: ").append(RateText(record.saturation)).append(" a second\n");
  }
  Append(out, StepTable(record));
  for (const RunStep& step : record.steps) {
    out.append("\n== ").append(step.label).append(" ==\n").append(step.report.Text());
  }
  return out;
}

}  // namespace sluice::bench
