// tests/host/init/fake_looker.cpp - no threads: a test says when somebody looks.
#include "looker.hpp"

Result<> init::Lookers::prepare() { return {}; }
void init::Lookers::rouse(u64) {}
