"""The rules in their order. The first that wants a step has it, and no other is asked.

Repair comes before change, and what has been begun before what is new. The safety rules are kept by
this order and by:

     1  one change of the members at a time        gates.is_change_in_flight, repair.finish_..
     2  only the leader's confirmed view           situation.confirmed, quorum
     3  quorum + 1 before, quorum after            gates.may_restart, gates.may_remove
     4  nothing voluntary while degraded           gates.obstacle
     5  no claim goes silently                     deletion (the only place that deletes one)
     6  the cluster begins once                    creation
     7  an id never comes back                     scale_up._is_retired, creation.interruption
     8  preconditions on every deletion            the fields of the steps
     9  a deadline stops and says so               operations, diagnosis.is_expired
    10  every step can be repeated                 each rule looks at what is, not at what was done
    11  a finalizer on nothing but the BarCluster  objects.hold_the_finalizer
    12  deleting keeps the data by default         deletion
    15  one step a pass                            this list

(13 and 14 are about backups.)
"""

from typing import Final

from bitebyte_operator.decide.creation import begin_the_cluster_once, latch_the_cluster_id
from bitebyte_operator.decide.deletion import delete_as_the_policy_says
from bitebyte_operator.decide.objects import (
    give_every_member_a_pod,
    hold_the_finalizer,
    keep_objects_as_wanted,
    let_the_stateful_set_catch_up,
)
from bitebyte_operator.decide.pause import change_nothing_while_paused
from bitebyte_operator.decide.quorum import touch_nothing_without_a_leader
from bitebyte_operator.decide.repair import (
    finish_the_change_of_members,
    remake_sick_outdated_pods,
    withdraw_unwanted_learners,
)
from bitebyte_operator.decide.scale_down import (
    clear_stamps_of_members,
    release_the_last_pod,
    remove_one_member,
)
from bitebyte_operator.decide.scale_up import add_members
from bitebyte_operator.decide.upgrade import upgrade_one_pod
from bitebyte_operator.decide.verdict import Rule

RULES: Final[tuple[Rule, ...]] = (
    delete_as_the_policy_says,
    change_nothing_while_paused,
    # Hibernation has its place here: no pods are wanted, and none of the rules below applies.
    latch_the_cluster_id,
    hold_the_finalizer,
    keep_objects_as_wanted,
    let_the_stateful_set_catch_up,
    give_every_member_a_pod,
    begin_the_cluster_once,
    # Recovery after the loss of the quorum, acknowledged by its owner, has its place here.
    touch_nothing_without_a_leader,
    finish_the_change_of_members,
    # Fencing has its place here: what is fenced is left alone by all that follows.
    withdraw_unwanted_learners,
    # Replacing lost members has its place here.
    remake_sick_outdated_pods,
    release_the_last_pod,
    # Rotating certificates, then growing claims, have their places here.
    upgrade_one_pod,
    add_members,
    remove_one_member,
    clear_stamps_of_members,
    # Backups have their place here.
)
