"""HTTP: requests parsed once into frozen types, answers, errors, streams and the site.

    edge          the outermost callable: request ids, headers on every answer, last resort
    hot_orders    placing an order without a framework in the path
    app           FastAPI behind both; one router a noun
    fields        types of what comes in; every bound is in here or in domain/limits
    strict_json   what JSON is refused before anything looks at it
    errors        the one map from codes to statuses, and problem+json

No SQL, no Raft, no decision about who may do what: that is `service`.
"""
