"""Word tables of open classes: what a noun can do, which words only look like verbs, which nouns only measure."""

#: Words in -ing and -ed (and -s, -en) that are no verbs.
NOUNS_LIKE_VERBS = """building buildings railing railings painting paintings clothing ceiling ceilings wedding awning
    awnings living dining string strings ring rings king wing wings thing things something morning evening parking
    lighting siding flooring crossing landing icing frosting topping toppings topping stuffing pudding dressing earring
    earrings swing swings spring bedding shopping skiing surfing skateboarding snowboarding boxing racing tubing lining
    coating swimming bathing cutting serving filling opening openings marking markings writing drawing
    drawings engraving lettering fencing paneling molding moulding roofing shelving wiring plumbing outing meeting
    gathering rigging netting sling stocking stockings herring duckling sibling siblings sterling bowling
    red bed sled shed bread seed weed reed head hundred feed steed colored striped wooden four-legged multicolored
    multi-colored framed curved long-haired haired legged toed tiled bearded stuffed baked fried grilled
    tattooed tanned spotted dotted checkered checked plaid pointed fenced paved sliced frosted united"""

#: Other verbs whose subject and object matter for who does what.
OTHER_FINITE = """wears holds has have had looks leans rests runs jumps does do did shows displays hits swings throws
    catches pulls drives reads surfs surrounds stares sleeps waits faces drinks feeds talks wore held
    ran threw caught drove leads follows contains reaches points touches kicks pushes climbs cuts kneels makes gives
    takes took made gave smiles poses looked enjoys performs prepares tries can will attempts goes went comes
    came crosses passes slept fell falls floats grazes perches leaps dives sails travels works bites licks"""
OTHER_BASE = """wear hold lean hit throw catch pull drive read surround stare wait drink feed enjoy prepare try look
    graze gather pose perform climb jump run rest sleep talk swim"""

PERSON = """man men woman women boy boys girl girls guy guys lady ladies kid kids child children person persons people
    player players skier skiers surfer surfers skateboarder skateboarders snowboarder snowboarders rider riders
    driver passenger passengers officer officers policeman policemen cop cops fireman firemen worker workers
    pedestrian pedestrians crowd couple family families baby babies toddler toddlers adult adults student students
    teenager teenagers teen teens chef cook waiter waitress vendor soldier soldiers cowboy cowboys jockey
    biker bikers bicyclist bicyclists cyclist cyclists motorcyclist motorcyclists someone friend friends father mother
    son daughter bride groom gentleman gentlemen audience spectator spectators fan fans batter umpire catcher pitcher
    artist musician musicians band doctor nurse farmer hiker hikers tourist tourists customer customers group team
    male female brother brothers sister sisters human humans individual individuals he she they them him everyone
    dancer dancers runner runners actor actress athlete member members shopper shoppers youth citizen twins lad
    youngster youngsters grandmother grandfather businessman policewoman firefighter firefighters carpenter"""
ANIMAL = """animal animals bear bears bird birds cat cats cow cows dog dogs elephant elephants giraffe giraffes horse
    horses sheep zebra zebras lamb lambs goat goats pig pigs duck ducks goose geese kitten kittens puppy puppies
    monkey monkeys seagull seagulls pigeon pigeons parrot owl lion tiger calf calves bull bulls ox oxen pony ponies
    donkey deer rabbit squirrel cattle herd flock swan swans chicken chickens fish mouse fly insect bee butterfly
    panda pandas camel camels cub cubs foal eagle hawk heron pelican creature creatures"""
WORN = """shirt shirts jacket jackets coat coats hat hats cap caps helmet helmets glove gloves boot boots shoe shoes
    sneaker sneakers sock socks jean jeans pant pants short shorts tie ties glasses sunglasses dress dresses
    skirt sweater hoodie suit suits uniform uniforms vest vests scarf outfit clothes clothing top tops bikini swimsuit
    wetsuit costume trunks tshirt t-shirt t-shirts tee jersey black white red blue green yellow pink orange
    purple brown gray grey khaki denim plaid gear attire robe gown goggles sandals
    hair beard mustache arm arms ear ears eye eyes face faces finger fingers hand hands head heads leg legs mouth neck
    nose paw paws tail tails trunk mane back lap shoulder shoulders foot feet knee knees collar stripes spots"""

#: Nouns before `of` that only measure or picture what follows (a group of people -> people).
MEASURES = """group groups bunch pair pairs couple lot lots row rows set number pile piles piece pieces slice slices
    herd herds flock flocks crowd stack stacks variety type types kind sort line lines series array collection handful
    photo photos picture pictures image images view statue painting team cluster clusters sheet sheets layer layers
    patch patches dozens hundreds body close-up bit portion half pack part parts
    spoonful mouthful statues photograph drawing patch mound mounds bunches"""

#: Words between somebody and a thing they hold, wear or are in: not the thing, but they sit, stand or lie.
HOLDING = """holding wearing carrying with using riding eating reading playing watching holds wears has have having
    pulling pushing swinging throwing catching hitting drinking feeding walking in inside on at"""
#: Participles that join two nouns to one phrase (motorcycle shaped chairs).
JOINING = "shaped sized themed lined filled capped topped coated flavored styled printed wrapped"
#: What is ridden when somebody rides on it (not a street or a beach), beside animals.
RIDEABLE = """bike bikes bicycle bicycles motorbike motorbikes motorcycle motorcycles scooter scooters skateboard
    skateboards surfboard surfboards snowboard snowboards board boards ski skis boat boats bus buses car cars train
    trains truck trucks vehicle vehicles plane planes airplane airplanes cart carts wagon tractor moped mopeds
    camel carriage carriages carousel raft canoe kayak sled sleds"""
#: What people and animals stand on anyway.
LIMBS = "arm arms hand hands leg legs foot feet paw paws knee knees toes head"
#: `lying on his side on a bed`: passed over.
SELF = "side back stomach belly tummy knees feet legs own"
#: Pronouns that stand for somebody named before.
PEOPLE = "he she they"
#: covered ... by what.
COVERED_BY = "in with by of"
#: Plurals that do not end in s.
PLURALS = "men women people children sheep cattle geese feet police"
