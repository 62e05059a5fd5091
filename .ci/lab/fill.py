"""Makes a listing of Swift's long, without the objects: a hundred thousand of those would take the lab an hour.

    fill.py CONFIGURATION DEVICES ACCOUNT CONTAINER COUNT

Writes rows many/file-000000 and so on into the database of a container, as object servers do for what is put; with a COUNT of 0 it takes
them away again.
"""
import os
import sys
import time

from swift.common import utils

configuration, devices, account, container, count = sys.argv[1:]
utils.set_swift_dir(configuration)

from swift.common.ring import Ring  # noqa: E402 (they read swift.conf when they are loaded)
from swift.container.backend import ContainerBroker  # noqa: E402

part, nodes = Ring(configuration, ring_name='container').get_nodes(account, container)
name = utils.hash_path(account, container)
path = os.path.join(devices, nodes[0]['device'], utils.storage_directory('containers', part, name), name + '.db')
broker = ContainerBroker(path, account=account, container=container)


def row(object_name, deleted):
    # The size is beyond that of files which a gateway asks for because they may be manifests.
    return {
        'name': object_name, 'created_at': utils.Timestamp(time.time()).internal, 'size': 1000, 'content_type': 'text/plain',
        'etag': '9dd4e461268c8034f5c8564e155c67a6', 'deleted': deleted, 'storage_policy_index': 0,
    }


if int(count):
    rows = [row('many/file-%06d' % i, 0) for i in range(int(count))]
else:
    rows = [row(o[0], 1) for o in broker.list_objects_iter(10000000, '', '', 'many/', '')]
for i in range(0, len(rows), 10000):
    broker.merge_items(rows[i:i + 10000])
