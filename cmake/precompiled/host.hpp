// precompiled/host.hpp - the same for the host's files, which have all of the standard library.
#pragma once

#include "standard.hpp"

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <fmt/format.h>
