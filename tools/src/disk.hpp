// disk.hpp - disk images of the user: which file stands behind which disk.
#pragma once

#include "system_model.hpp"

namespace vireo {

// --disk NAME=FILE[,ro|,rw][,raw|,qcow2], options in any order. Words at the end are options as
// long as each is of a kind that is not there yet; so a file whose own name ends with ",ro" is
// written FILE,ro,rw.
struct DiskArgument {
    std::string name;
    FileImage image;
};
DiskArgument parse_disk(const std::string& text);

// Puts the user's images in place of those that the system names.
void replace_disks(System& system, const std::vector<std::string>& arguments);

}  // namespace vireo
