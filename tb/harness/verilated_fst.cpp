// SPDX-License-Identifier: Apache-2.0
// Verilator's FST writer, mended. 5.006 looks up which signals are wanted in a vector<bool> that it
// has reserved but not resized; with a scope that holds few signals what lies behind its end
// decides, and writing the file crashes. This is the only use of reserve() in what is compiled
// here.
#include <algorithm>
#include <bitset>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "verilated.h"

#define reserve resize
#include "verilated_fst_c.cpp"
