// disk.hpp - disk images of the user: which file stands behind which disk, and whether it can.
#pragma once

#include "system_model.hpp"

namespace vireo {

// --disk NAME=FILE[,ro|,rw]. The option is what comes after the last comma, if it is one of these
// words; a file whose own name ends with ",ro" is written FILE,ro,rw.
struct DiskArgument {
    std::string name;
    std::string file;
    bool read_only = false;
};
DiskArgument parse_disk(const std::string& text);

// Looks at the file: raw or qcow2, its size, its permissions. A file without any write permission
// bit is read-only, for root too. What cannot stand behind a disk is a Failure that says why.
FileImage inspect_image(const std::string& file, bool read_only);

// Puts the user's images in place of those that the system names.
void replace_disks(System& system, const std::vector<std::string>& arguments);

}  // namespace vireo
