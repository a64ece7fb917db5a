"""The enums of the schema that tell of people and of what is theirs."""

from app.api.enums import tell
from app.appointments.model import AppointmentState
from app.customers.consents import ConsentChannel, ConsentPurpose, SaidBy
from app.customers.model import Confidence, Evidence
from app.customers.privacy import PrivacyKind, ReceiptState, Task
from app.loyalty.model import Kind
from app.ports import ContactKind, KeptRecord, PurchaseChannel, PurchaseStatus
from app.values import PrincipalKind

tell(
    AppointmentState,
    "Whether an appointment takes place. Treat an unknown value as CANCELLED.",
    {"BOOKED": "It takes place, or did.", "CANCELLED": "It does not take place."},
)
tell(
    Kind,
    "What happened to points. Treat an unknown value as an entry whose points count.",
    {
        "EARN": "Earned by an order or a receipt; pending at first.",
        "MATURE": "Pending points can be spent from now on.",
        "REVERSE": "Earned points taken back, as what earned them was given back.",
        "ADJUST": "Given or taken by staff.",
        "HOLD": "Kept for a cart.",
        "RELEASE": "Not kept for a cart any more, which was not bought.",
        "REDEEM": "Spent on an order.",
        "RESTORE": "Spent points given back, as the order was cancelled.",
        "EXPIRE": "Gone, as they were not spent in time.",
        "MOVE": "Moved between two records of one person.",
    },
    name="LoyaltyEntryKind",
)
tell(
    PrincipalKind,
    "What somebody who asks is to the retailer.",
    {
        "GUEST": "Nobody knows who it is.",
        "CUSTOMER": "A shopper who has signed in.",
        "STAFF": "Somebody who works for the retailer, in a store or behind it.",
        "PARTNER": "A company that sells the retailer's goods.",
        "OPERATOR": "Somebody who runs this gateway.",
    },
)
tell(
    ContactKind,
    "By what a customer is recognised. Ignore an unknown value.",
    {
        "EMAIL": "An e-mail address.",
        "PHONE": "A telephone number.",
        "LOYALTY_CARD": "The number of a loyalty card.",
    },
)
tell(
    Evidence,
    "Why somebody in another system is taken for a customer. Treat an unknown value as SIMILAR.",
    {
        "SIGN_IN": "They sign in like that.",
        "VERIFIED_EMAIL": "The same e-mail address, proved on both sides.",
        "VERIFIED_PHONE": "The same telephone number, proved on both sides.",
        "LOYALTY_CARD": "The same loyalty card, proved on both sides.",
        "UNVERIFIED_CONTACT": "The same contact, which one side has not seen proved.",
        "SIMILAR": "They only look like it.",
        "STAFF": "Staff has said so.",
    },
    name="IdentityEvidence",
)
tell(
    Confidence,
    "How sure it is that two are one. Treat an unknown value as POSSIBLE.",
    {
        "CERTAIN": "Nobody has to be asked.",
        "LIKELY": "Somebody should look, and will probably agree.",
        "POSSIBLE": "Somebody should look.",
    },
    name="IdentityConfidence",
)
tell(
    ConsentPurpose,
    "What a consent is for. Treat an unknown value as one that was not given.",
    {
        "MARKETING": "News and offers.",
        "PERSONALISATION": "Offers and pages that are made for them.",
        "RESEARCH": "Questions about what they think.",
        "PARTNERS": "That partners are told of them.",
    },
)
tell(
    ConsentChannel,
    "How somebody may be reached. Treat an unknown value as one that was not agreed to.",
    {
        "EMAIL": "By e-mail.",
        "SMS": "By text message.",
        "PHONE": "By a call.",
        "POST": "By post.",
        "APP": "By the app.",
        "IN_STORE": "In a store.",
    },
)
tell(
    SaidBy,
    "Who told us of a consent. Treat an unknown value as STAFF.",
    {"CUSTOMER": "They themselves.", "STAFF": "Somebody of the house, for them."},
    name="ConsentSaidBy",
)
tell(
    PrivacyKind,
    "What somebody wants of their data. Ignore an unknown value.",
    {"EXPORT": "To be told all of it.", "ERASURE": "To be forgotten."},
)
tell(
    ReceiptState,
    "How far a part of a request is. Treat an unknown value as WAITING.",
    {"WAITING": "It is tried until it is done.", "DONE": "It is done."},
    name="PrivacyReceiptState",
)
tell(
    Task,
    "What a part of a request is about. Treat an unknown value as ONE.",
    {
        "OWN": "Our own store.",
        "LOOK_UP": "Whether a system knows the person by their contacts.",
        "ONE": "One customer of a system.",
    },
    name="PrivacyTask",
)
tell(
    KeptRecord,
    "What a system keeps without a name. Ignore an unknown value.",
    {
        "SALES": "What was sold.",
        "LOYALTY": "Movements of points.",
        "INVOICES": "Invoices and the books.",
    },
)
tell(
    PurchaseChannel,
    "Where something was bought. Treat an unknown value as ONLINE.",
    {"ONLINE": "In a shop on the web, or in an app.", "STORE": "In a store."},
)
tell(
    PurchaseStatus,
    "What became of a purchase. Treat an unknown value as OPEN.",
    {
        "OPEN": "It goes on.",
        "COMPLETED": "The buyer has everything.",
        "CANCELLED": "It was stopped.",
    },
)
