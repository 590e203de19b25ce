// The tables of a report, as rows of text: a terminal and a page show the same ones. Pure.
#pragma once

#include <string>
#include <vector>

#include "bench/loadgen/run_record.h"

namespace sluice::bench {

struct ReportTable {
  std::string title;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

// Empty where there is nothing to tell: no versions, one kind, nothing lost.
ReportTable LatencyTable(const Report& report);
ReportTable SplitTable(const Report& report);
ReportTable KindTable(const Report& report);
ReportTable StatusTable(const Report& report);
ReportTable LostTable(const Report& report);
ReportTable StepTable(const RunRecord& record);

// What is to be known about units, in sentences; empty when none were watched.
std::string StickinessText(const Report& report);

}  // namespace sluice::bench
