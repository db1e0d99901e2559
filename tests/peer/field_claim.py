"""A device that speaks for another: field_claim.py GATEWAY ROOT NODES OWN-NUMBER OTHER-NUMBER prints what it is told."""
import sys

from requests.adapters import HTTPAdapter

# A gateway's certificate names a device, not a host; who it is says its role.
init = HTTPAdapter.init_poolmanager
HTTPAdapter.init_poolmanager = lambda self, *args, **more: init(self, *args, assert_hostname=False, **more)

from field_node import Node

gateway, root, nodes, own, other = sys.argv[1:]
node = Node(gateway, root, nodes, own)
call = node.call("EventReport", [("kind", "fault")], number=other)
reply = node.exchange(presences=[node.presence() | {"deviceNumber": other}], calls=[call])
for receipt in reply.receipt:
    print("call", receipt.accepted, receipt.error)
for session in reply.session:
    print("presence", session.state, session.error)
