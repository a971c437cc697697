"""The composition root: one node process, from its configuration.

member     puts one member together and takes it apart
process    serves it until it is told to stop; replaces it when it founds a cluster
listeners  the addresses that outlive a member
founding   the order to found a cluster, from the admin API to the process
"""

from bitebyte.main.member import OpenMember as OpenMember
from bitebyte.main.member import open_member as open_member
from bitebyte.main.process import run as run
