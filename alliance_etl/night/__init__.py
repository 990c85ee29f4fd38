"""The steps of a night as plain functions; assets/ says when each is called.

with open_night(study, registry) as night:      # takes the study's lock, opens the ledger
    for site in night.sites_with_news():
        night.take_in(site)                      # drops → staged → current forms, receipts
    night.check_conservation()
    night.score()                                # one wide table per instrument, scored and harmonised
    night.check_contracts()
    night.publish()                              # one atomic swap
"""
