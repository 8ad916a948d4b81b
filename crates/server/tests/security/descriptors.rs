//! Every method of the contract.

use kehu_contract::DESCRIPTORS;
use prost::Message;
use prost_types::FileDescriptorSet;

/// `kehu.run.v1.RunService/GetRun` and all others.
pub(crate) fn methods() -> Vec<String> {
    let set = FileDescriptorSet::decode(DESCRIPTORS).unwrap();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                methods.push(name);
            }
        }
    }
    methods
}
