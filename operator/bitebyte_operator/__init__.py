"""The operator of BiteByte: one BarCluster in, one replicated bar out.

It looks (`observe`), decides with a pure function (`decide`) and carries out at most one step
(`act`), again and again. Everything that it needs to go on after its own death is in the status of
the BarCluster and in the Raft configuration of the bar itself.
"""
